import { Link } from 'react-router'
import type { Run } from '../api/schema'
import { pullPath, runsPath } from '../ui/links'
import { Sha } from '../ui/Sha'

/** Change is what a run tests: a repository with a pull request, or with a branch. */
export function Change({ run }: { run: Run }) {
  const [pull, ...others] = run.pulls ?? []
  if (!run.repo) return <span className="quiet">no repository</span>
  return (
    <span className="change">
      <Link className="plain" to={runsPath({ connection: run.connection, repo: run.repo })}>
        {run.repo}
      </Link>
      {pull ? (
        <>
          <Link to={pullPath(run.connection, run.repo, pull.number)}>#{pull.number}</Link>
          {others.length > 0 && <span className="quiet">and {others.length} more</span>}
          <span className="cut quiet" title={pull.title}>
            {pull.title}
          </span>
          <Sha sha={pull.sha} href={pull.commitLink} />
        </>
      ) : (
        <>
          {run.baseRef && <span className="quiet">{run.baseRef}</span>}
          <Sha sha={run.baseSHA} href={run.baseLink} />
        </>
      )}
    </span>
  )
}
