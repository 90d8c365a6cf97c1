import { Link } from 'react-router'
import type { JobDecision } from '../api/schema'
import { runPath } from '../ui/links'

interface DecisionsProps {
  jobs: JobDecision[]
  /** Hides what did not run until it is asked for. */
  folded?: boolean
}

/** Decisions says of each job whether it ran and why. */
export function Decisions({ jobs, folded }: DecisionsProps) {
  const ran = jobs.filter((job) => job.run)
  const not = jobs.filter((job) => !job.run)
  return (
    <>
      {ran.length > 0 && <List jobs={ran} />}
      {not.length > 0 &&
        (folded ? (
          <details className="not-run">
            <summary>
              {not.length} {not.length === 1 ? 'job' : 'jobs'} did not run
            </summary>
            <List jobs={not} />
          </details>
        ) : (
          <List jobs={not} />
        ))}
    </>
  )
}

function List({ jobs }: { jobs: JobDecision[] }) {
  return (
    <ul className="outcomes">
      {jobs.map((job) => (
        <li key={job.name}>
          {job.runName ? <Link to={runPath(job.runName)}>{job.name}</Link> : <span>{job.name}</span>}{' '}
          <span className="quiet">
            {job.run ? 'ran' : 'did not run'}: {job.reason}
          </span>
        </li>
      ))}
    </ul>
  )
}
