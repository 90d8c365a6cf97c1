import type { RunDetail } from '../api/schema'
import { LogViewer } from '../log/LogViewer'
import type { LogStore } from '../log/store'
import { Empty } from '../ui/Empty'
import { Loading } from '../ui/Loading'
import { Problem } from '../ui/Problem'

interface LogTabProps {
  run: RunDetail
  store: LogStore
  steps: { known: number; pending: boolean; error: unknown }
}

export function LogTab({ run, store, steps }: LogTabProps) {
  if (steps.known > 0) return <LogViewer run={run.name} over={run.finished} store={store} />
  return (
    <div className="card log-none">
      {steps.pending ? <Loading /> : steps.error ? <Problem error={steps.error} /> : <NoSteps run={run} />}
    </div>
  )
}

function NoSteps({ run }: { run: RunDetail }) {
  const why = run.reason || run.description
  if (!run.finished) return <Empty title="Nothing has run yet">{why || 'The log appears here as soon as the first step prints.'}</Empty>
  return <Empty title="No step ran, so there is no log">{why}</Empty>
}
