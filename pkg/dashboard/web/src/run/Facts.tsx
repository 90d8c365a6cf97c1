import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { RunDetail } from '../api/schema'
import { Copy } from '../ui/Copy'
import { deliveryPath, runPath } from '../ui/links'
import { Outside } from '../ui/Outside'
import { Sha } from '../ui/Sha'
import { moment } from '../ui/time'

export function Facts({ run }: { run: RunDetail }) {
  return (
    <dl className="card run-facts">
      <Fact name="Name">
        <code>{run.name}</code> <Copy text={run.name} what="the name of the run" />
      </Fact>
      <Fact name="Build ID">
        <code>{run.buildID}</code>
      </Fact>
      <Fact name="Connection">{run.connection}</Fact>
      <Fact name="Commit status">{run.context}</Fact>
      <Fact name="Base">
        {run.baseRef && (
          <>
            {run.baseRef} <Sha sha={run.baseSHA} href={run.baseLink} />
          </>
        )}
      </Fact>
      {run.extraRefs?.map((ref) => (
        <Fact key={ref.repo} name={`With ${ref.repo}`}>
          {ref.baseRef} <Sha sha={ref.baseSHA} href={ref.link} />
        </Fact>
      ))}
      <Fact name="Created">{time(run.created)}</Fact>
      <Fact name="Started">{time(run.began)}</Fact>
      <Fact name="Completed">{time(run.completed)}</Fact>
      <Fact name="Caused by">{run.delivery && <Link to={deliveryPath(run.delivery)}>delivery {run.delivery}</Link>}</Fact>
      <Fact name="Repeats">{run.rerunOf && <Link to={runPath(run.rerunOf)}>{run.rerunOf}</Link>}</Fact>
      <Fact name="Asked for by">{run.rerunBy}</Fact>
      <Fact name="PipelineRun">
        {run.pipelineRun && (
          <code>
            {run.namespace}/{run.pipelineRun}
          </code>
        )}
      </Fact>
      <Fact name="Archive">{archive(run)}</Fact>
      <Fact name="Stored at">
        {run.logURL && (
          <>
            <Outside href={run.browseLink}>
              <code>{run.logURL}</code>
            </Outside>{' '}
            <Copy text={run.logURL} what="the address of the folder" />
          </>
        )}
      </Fact>
    </dl>
  )
}

function archive(run: RunDetail): string {
  if (run.archived) return 'complete'
  return run.logMessage ?? (run.finished ? 'being completed' : 'grows with the run')
}

function time(text: string | undefined): string | undefined {
  return text && moment(Date.parse(text))
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  if (!children) return null
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
