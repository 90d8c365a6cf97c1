import { Td, Tr } from '@patternfly/react-table'
import { memo } from 'react'
import { Link } from 'react-router'
import type { Run } from '../api/schema'
import { Ago } from '../ui/Ago'
import { runPath, runsPath } from '../ui/links'
import { StateLabel } from '../ui/StateLabel'
import { Took } from '../ui/Took'
import { Change } from './Change'

/** RunRow renders again only when its run changed. */
export const RunRow = memo(function RunRow({ run }: { run: Run }) {
  const author = run.pulls?.[0]?.author
  // Only of a run that is over: a row must not change its height while its run goes on.
  const why = run.finished && run.state !== 'success' ? run.description : ''
  return (
    <Tr>
      <Td className="c-state">
        <StateLabel state={run.state} title={run.description} />
      </Td>
      <Td className="c-job">
        <span className="name">
          <Link className="cut" to={runPath(run.name)} title={run.job} data-row>
            {run.job}
          </Link>
          {run.optional && <span className="tag">optional</span>}
          {run.type !== 'presubmit' && <span className="tag">{run.type}</span>}
        </span>
        {why && (
          <span className="why cut quiet" title={why}>
            {why}
          </span>
        )}
      </Td>
      <Td className="c-change fill">
        <Change run={run} />
      </Td>
      <Td className="c-author">
        {author && (
          <Link className="plain" to={runsPath({ author })}>
            {author}
          </Link>
        )}
      </Td>
      <Td className="c-when">
        <Ago time={run.created} />
      </Td>
      <Td className="c-took">
        <Took from={run.began} to={run.completed ?? (run.finished ? run.began : undefined)} />
      </Td>
    </Tr>
  )
})
