import { useInfiniteQuery } from '@tanstack/react-query'
import { useRef } from 'react'
import { api, must } from '../api/client'
import type { Delivery } from '../api/schema'
import { More } from '../runs/More'
import { Empty } from '../ui/Empty'
import { Loading } from '../ui/Loading'
import { PageHeader } from '../ui/PageHeader'
import { Problem } from '../ui/Problem'
import { useQueryState } from '../ui/query'
import { SearchField } from '../ui/SearchField'
import { Segments } from '../ui/Segments'
import { useTitle } from '../ui/title'
import { useRowKeys } from '../ui/useRowKeys'
import './deliveries.css'
import { DeliveriesTable } from './DeliveriesTable'

const phases: Delivery['phase'][] = ['Pending', 'Retrying', 'Processed', 'Dead']
const choices = [
  { name: 'All', value: undefined },
  ...phases.map((phase) => ({ name: phase === 'Dead' ? 'Dead letters' : phase, value: phase })),
]

/** DeliveriesPage lists what the forges sent, and what became of it. */
export function DeliveriesPage() {
  useTitle('Deliveries')
  const [filter, setFilter] = useQueryState(['connection', 'repo', 'phase'])
  const phase = phases.find((p) => p === filter.phase)
  const box = useRef<HTMLDivElement>(null)
  useRowKeys(box, 'Deliveries')
  const list = useInfiniteQuery({
    queryKey: ['deliveries', filter.connection, filter.repo, phase],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      must(api.GET('/deliveries', { params: { query: { connection: filter.connection, repo: filter.repo, phase, before: pageParam } }, signal })),
    getNextPageParam: (page) => page.next,
    refetchInterval: 15_000,
  })
  const deliveries = list.data?.pages.flatMap((page) => page.deliveries) ?? []
  return (
    <>
      <PageHeader title="Deliveries">
        <p className="quiet">What the forges sent, and what it caused.</p>
      </PageHeader>
      <search className="field-row">
        <Segments label="Phases" choices={choices} value={filter.phase} onChange={(value) => setFilter({ phase: value })} />
        <SearchField label="Repository" placeholder="Repository: org/name" value={filter.repo} onChange={(repo) => setFilter({ repo })} />
      </search>
      <div ref={box} className="card table-card">
        {list.isPending && <Loading lines={12} />}
        {list.isError && !list.data && <Problem error={list.error} retry={() => void list.refetch()} />}
        {list.data && deliveries.length === 0 && <Empty title="No deliveries">A forge sends one for each event of a repository with a webhook.</Empty>}
        {deliveries.length > 0 && <DeliveriesTable deliveries={deliveries} />}
        {list.hasNextPage && <More busy={list.isFetchingNextPage} failed={list.isFetchNextPageError} onMore={() => void list.fetchNextPage()} />}
      </div>
    </>
  )
}
