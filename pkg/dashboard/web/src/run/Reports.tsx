import type { Report } from '../api/schema'
import { Outside } from '../ui/Outside'
import { StateLabel } from '../ui/StateLabel'

/** Reports are what other systems were told of the run. */
export function Reports({ reports }: { reports: Report[] }) {
  if (reports.length === 0) return null
  return (
    <>
      <h2 className="section-title">Reported to</h2>
      <ul className="card plain-list">
        {reports.map((report) => (
          <li key={report.reporter} className="row">
            <strong>{report.reporter}</strong>
            <StateLabel state={report.state} />
            {report.status && <span>commit status {report.status}</span>}
            <Outside href={report.targetURL}>{report.targetURL}</Outside>
            {report.message && <span className="bad">{report.message}</span>}
          </li>
        ))}
      </ul>
    </>
  )
}
