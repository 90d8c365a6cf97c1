import { lazy, Suspense } from 'react'
import { Navigate, useParams } from 'react-router'
import { Loading } from '../ui/Loading'
import { runPath } from '../ui/links'
import { Problem } from '../ui/Problem'
import { wordOf } from '../ui/state'
import { useTitle } from '../ui/title'
import './run.css'
import { LogTab } from './LogTab'
import { RunHeader } from './RunHeader'
import { isTab, Tabs } from './Tabs'
import { useRun } from './useRun'
import { useStateSaid } from './useStateSaid'

const GraphTab = lazy(async () => ({ default: (await import('./GraphTab')).GraphTab }))
const TestsTab = lazy(async () => ({ default: (await import('./TestsTab')).TestsTab }))
const ArtifactsTab = lazy(async () => ({ default: (await import('./ArtifactsTab')).ArtifactsTab }))
const DetailsTab = lazy(async () => ({ default: (await import('./DetailsTab')).DetailsTab }))

export function RunPage() {
  const { name = '', tab = 'log' } = useParams()
  if (!isTab(tab)) return <Navigate to={runPath(name)} replace />
  return <Page key={name} name={name} tab={tab} />
}

function Page({ name, tab }: { name: string; tab: string }) {
  const { query, store, steps, connection } = useRun(name)
  const run = query.data
  useTitle(run ? `${wordOf(run.state)}: ${run.job}${run.pulls?.[0] ? ` #${run.pulls[0].number}` : ''}` : name, run?.state)
  useStateSaid(run)
  if (query.isError && !run) return <Problem level={1} error={query.error} retry={() => void query.refetch()} />
  if (!run) return <Loading lines={8} />
  return (
    <div className="run-page" data-tab={tab}>
      <RunHeader run={run} connection={connection} />
      <Tabs name={name} />
      <Suspense fallback={<Loading />}>
        {tab === 'log' && <LogTab run={run} store={store} steps={steps} />}
        {tab === 'graph' && <GraphTab run={run} />}
        {tab === 'tests' && <TestsTab run={run} />}
        {tab === 'artifacts' && <ArtifactsTab run={run} />}
        {tab === 'details' && <DetailsTab run={run} />}
      </Suspense>
    </div>
  )
}
