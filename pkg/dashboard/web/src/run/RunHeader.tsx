import { Link } from 'react-router'
import type { StreamState } from '../api/events'
import type { RunDetail } from '../api/schema'
import { Ago } from '../ui/Ago'
import { jobPath, pullPath, runPath, runsPath } from '../ui/links'
import { Outside } from '../ui/Outside'
import { PageHeader } from '../ui/PageHeader'
import { Sha } from '../ui/Sha'
import { StateLabel } from '../ui/StateLabel'
import { Took } from '../ui/Took'
import { RunActions } from './RunActions'
import { whyOf } from './why'

interface RunHeaderProps {
  run: RunDetail
  connection: StreamState
}

export function RunHeader({ run, connection }: RunHeaderProps) {
  const why = whyOf(run)
  const trouble = connection === 'waiting' ? 'The connection was lost; what is missing comes when it is back.' : run.logMessage
  return (
    <PageHeader
      title={
        <span className="run-title">
          <StateLabel state={run.state} /> <Link to={jobPath(run.connection, run.repo, run.job)}>{run.job}</Link>
        </span>
      }
      actions={<RunActions run={run} />}
    >
      <Subject run={run} />
      <Times run={run} />
      {why && (
        <p className={run.finished && run.state !== 'success' ? 'run-why bad' : 'run-why'}>
          {why}
          {run.optional && run.state === 'failure' && <span className="quiet"> The job is optional: it blocks no merge.</span>}
        </p>
      )}
      {trouble && (
        <p className="run-why quiet" role="status">
          {trouble}
        </p>
      )}
    </PageHeader>
  )
}

/** Subject is what the run tests. */
function Subject({ run }: { run: RunDetail }) {
  const { connection, repo, pulls = [] } = run
  return (
    <p className="row run-subject">
      {repo && <Link to={runsPath({ connection, repo })}>{repo}</Link>}
      {repo &&
        pulls.map((pull) => (
          <span key={pull.number} className="cut">
            <Link to={pullPath(connection, repo, pull.number)}>
              #{pull.number} {pull.title}
            </Link>{' '}
            <span className="quiet">by {pull.author}</span> <Sha sha={pull.sha} href={pull.commitLink} />
          </span>
        ))}
      {run.baseRef && (
        <span className="quiet nowrap">
          {pulls.length > 0 ? 'onto ' : ''}
          <Outside href={run.baseLink}>{run.baseRef}</Outside> {pulls.length === 0 && <Sha sha={run.baseSHA} href={run.baseLink} />}
        </span>
      )}
    </p>
  )
}

function Times({ run }: { run: RunDetail }) {
  return (
    <p className="row run-times">
      <span>
        <span className="quiet">{run.began ? 'Started' : 'Created'}</span> <Ago time={run.began ?? run.created} />
      </span>
      {run.began && (
        <span>
          <span className="quiet">Took</span> <Took from={run.began} to={run.completed ?? (run.finished ? run.began : undefined)} />
        </span>
      )}
      <span className="quiet">{run.type}</span>
      {run.rerunOf && (
        <span>
          <span className="quiet">Repeats</span> <Link to={runPath(run.rerunOf)}>{run.rerunOf}</Link>
          {run.rerunBy && <span className="quiet"> for {run.rerunBy}</span>}
        </span>
      )}
    </p>
  )
}
