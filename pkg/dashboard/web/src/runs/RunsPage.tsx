import { Button } from '@patternfly/react-core'
import { useMemo, useRef } from 'react'
import { Loading } from '../ui/Loading'
import { Problem } from '../ui/Problem'
import { useQueryState } from '../ui/query'
import { useTitle } from '../ui/title'
import { useRowKeys } from '../ui/useRowKeys'
import { filterKeys, toQuery, zoom } from './filter'
import { FilterBar } from './FilterBar'
import { HistogramChart } from './HistogramChart'
import { Live } from './Live'
import { More } from './More'
import { NoRuns } from './NoRuns'
import './runs.css'
import { RunsTable } from './RunsTable'
import { useRuns } from './useRuns'

export function RunsPage() {
  useTitle('Runs')
  const [filter, setFilter] = useQueryState(filterKeys)
  const query = useMemo(() => toQuery(filter, Date.now()), [filter])
  const box = useRef<HTMLDivElement>(null)
  const reading = () => scrollY > 8 || Boolean(box.current?.matches(':hover') || box.current?.contains(document.activeElement))
  const list = useRuns(query, reading)
  useRowKeys(box, 'Runs')
  const filtered = Object.keys(filter).length > 0
  return (
    <>
      <h1 className="pf-v6-screen-reader">Runs</h1>
      <FilterBar filter={filter} onChange={setFilter} />
      <HistogramChart query={query} onZoom={(start, seconds) => setFilter(zoom(start, seconds))} />
      <div ref={box} className="runs" onMouseLeave={() => !reading() && list.show()}>
        <Live state={list.live} />
        <p className="pf-v6-screen-reader" role="status">
          {list.waiting > 0 && `${list.waiting} new runs wait above the list`}
        </p>
        {list.waiting > 0 && (
          <Button className="fresh" variant="primary" size="sm" onClick={() => (list.show(), scrollTo({ top: 0 }))}>
            {list.waiting} new {list.waiting === 1 ? 'run' : 'runs'}
          </Button>
        )}
        <div className="card table-card">
          {list.isPending && <Loading lines={12} />}
          {list.isError && !list.data && <Problem error={list.error} retry={() => void list.refetch()} />}
          {list.data && list.runs.length === 0 && <NoRuns filtered={filtered} onClear={() => setFilter(none)} />}
          {list.runs.length > 0 && <RunsTable runs={list.runs} label="Runs, newest first" />}
          {list.hasNextPage && <More busy={list.isFetchingNextPage} failed={list.isFetchNextPageError} onMore={() => void list.fetchNextPage()} />}
        </div>
      </div>
    </>
  )
}

const none = Object.fromEntries(filterKeys.map((key) => [key, undefined]))
