import { Link } from 'react-router'
import { jobPath, pullPath } from '../ui/links'
import type { Filter } from './filter'

/** Shortcuts lead from a filter that names one job, or one pull request, to the page about it. */
export function Shortcuts({ filter }: { filter: Filter }) {
  const { connection, repo, job } = filter
  const pull = Number(filter.pull)
  return (
    <>
      {job && !job.includes('*') && (
        <li>
          <Link to={jobPath(connection ?? '', repo, job)}>History of {job}</Link>
        </li>
      )}
      {connection && repo && pull > 0 && (
        <li>
          <Link to={pullPath(connection, repo, pull)}>Pull request #{pull}</Link>
        </li>
      )}
    </>
  )
}
