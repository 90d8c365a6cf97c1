import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useSyncExternalStore } from 'react'
import { api, must } from '../api/client'
import type { RunDetail } from '../api/schema'
import { Empty } from '../ui/Empty'
import { Loading } from '../ui/Loading'
import { Problem } from '../ui/Problem'
import { useQueryState } from '../ui/query'
import { Segments } from '../ui/Segments'
import './graph.css'
import { TaskList } from './TaskList'

const GraphView = lazy(async () => ({ default: (await import('./GraphView')).GraphView }))
const wide = matchMedia('(min-width: 48.001rem)')

const shapes = [
  { name: 'Graph', value: undefined },
  { name: 'List', value: 'list' },
]

/** GraphTab shows the tasks of a run: as a graph, or as a list on a narrow screen and for those who want it. */
export function GraphTab({ run }: { run: RunDetail }) {
  const [{ as }, set] = useQueryState(['as'])
  const isWide = useSyncExternalStore(watch, () => wide.matches)
  const graph = useQuery({
    queryKey: ['run', run.name, 'graph'],
    queryFn: ({ signal }) => must(api.GET('/runs/{name}/graph', { params: { path: { name: run.name } }, signal })),
  })
  const tasks = graph.data?.tasks
  if (graph.isPending) return <Loading />
  if (!tasks) return <Problem error={graph.error} retry={() => void graph.refetch()} />
  if (tasks.length === 0) {
    return (
      <div className="card">
        <Empty title="No tasks are known">{run.reason || run.description}</Empty>
      </div>
    )
  }
  const list = as === 'list' || !isWide
  return (
    <>
      <div className="field-row wide-only">
        <Segments label="Show the tasks as" choices={shapes} value={as === 'list' ? as : undefined} onChange={(as) => set({ as })} />
      </div>
      {list ? (
        <TaskList run={run.name} tasks={tasks} />
      ) : (
        <Suspense fallback={<Loading />}>
          <GraphView run={run.name} tasks={tasks} />
        </Suspense>
      )}
    </>
  )
}

function watch(listener: () => void) {
  wide.addEventListener('change', listener)
  return () => wide.removeEventListener('change', listener)
}
