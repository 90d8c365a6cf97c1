import { Td, Tr } from '@patternfly/react-table'
import { Link } from 'react-router'
import type { ConfiguredJob } from '../api/schema'
import { DataTable } from '../ui/DataTable'
import { Empty } from '../ui/Empty'
import { configPath, jobPath } from '../ui/links'

const columns = [{ name: 'Job' }, { name: 'Repository' }, { name: 'Type' }, { name: 'Starts on' }, { name: 'Command' }, { name: 'Configured in' }]

export function Jobs({ jobs }: { jobs: ConfiguredJob[] }) {
  return (
    <section>
      <h2 className="section-title">Jobs</h2>
      <div className="card table-card">
        {jobs.length === 0 && <Empty title="No job matches">Jobs are configured in config.yaml, or by the repository itself.</Empty>}
        {jobs.length > 0 && (
          <DataTable label="Configured jobs" columns={columns} className="help-table">
            {jobs.map((job, i) => (
              <JobRow key={`${job.name} ${i}`} job={job} />
            ))}
          </DataTable>
        )}
      </div>
    </section>
  )
}

function JobRow({ job }: { job: ConfiguredJob }) {
  return (
    <Tr>
      <Td className="lead">
        <Link to={jobPath(job.connection ?? '', job.repo, job.name)}>{job.name}</Link> {job.optional && <span className="tag">optional</span>}
      </Td>
      <Td dataLabel="Repository">{job.repo}</Td>
      <Td dataLabel="Type">{job.type}</Td>
      <Td className="text" title={job.trigger}>
        {job.when}
        {job.branches && job.branches.length > 0 && <span className="quiet"> on {job.branches.join(', ')}</span>}
      </Td>
      <Td dataLabel="Command">{job.rerunCommand && <code>{job.rerunCommand}</code>}</Td>
      <Td dataLabel="Configured in">{job.file && <Link to={configPath(job.file, job.line)}>{job.line ? `${job.file}:${job.line}` : job.file}</Link>}</Td>
    </Tr>
  )
}
