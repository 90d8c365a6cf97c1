import { useQuery } from '@tanstack/react-query'
import { useMemo, useRef, useState } from 'react'
import { api, must } from '../api/client'
import { clock } from '../ui/time'
import type { RunsQuery } from './filter'
import { toParams } from './filter'
import { columns, describe } from './histogram'
import './histogram.css'

interface HistogramProps {
  query: RunsQuery
  onZoom: (start: number, seconds: number) => void
}

/** HistogramChart shows how many runs there were over time and how they ended; choosing a column zooms into its time. */
export function HistogramChart({ query, onZoom }: HistogramProps) {
  const { data } = useQuery({
    queryKey: ['histogram', toParams(query).toString()],
    queryFn: ({ signal }) => must(api.GET('/runs/histogram', { params: { query: { ...query, buckets: 90 } }, signal })),
    refetchInterval: 30_000,
    placeholderData: (last) => last,
  })
  const all = useMemo(() => (data ? columns(data) : []), [data])
  const [at, setAt] = useState<number>()
  const box = useRef<HTMLDivElement>(null)
  const top = Math.max(...all.map((c) => c.total), 1)
  const current = at === undefined ? undefined : all[at]
  const zoomable = data !== undefined && data.seconds > 1
  const move = (to: number) => {
    const next = Math.min(Math.max(to, 0), all.length - 1)
    box.current?.querySelectorAll<HTMLElement>('button')[next]?.focus()
  }
  const keys: Record<string, (i: number) => void> = {
    ArrowRight: (i) => move(i + 1),
    ArrowLeft: (i) => move(i - 1),
    Home: () => move(0),
    End: () => move(all.length - 1),
  }
  return (
    <figure className="histogram card" onMouseLeave={() => setAt(undefined)}>
      <div ref={box} className="bars" role="group" aria-label="Runs over time; choose one to see only its runs">
        {all.map((column, i) => (
          <button
            key={column.start}
            type="button"
            tabIndex={i === (at ?? all.length - 1) ? 0 : -1}
            aria-label={`${clock(column.start)}: ${describe(column)}`}
            disabled={!zoomable}
            onClick={() => data && onZoom(column.start, data.seconds)}
            onMouseEnter={() => setAt(i)}
            onFocus={() => setAt(i)}
            onKeyDown={(e) => {
              const run = keys[e.key]
              if (!run) return
              e.preventDefault()
              run(i)
            }}
          >
            {column.parts.map((part) => (
              <span key={part.kind} className={`is-${part.kind}`} style={{ height: `${(part.count / top) * 100}%` }} />
            ))}
          </button>
        ))}
      </div>
      <figcaption className="row num">
        <span>{all[0] && clock(all[0].start)}</span>
        <span className="what">{current ? `${clock(current.start)}: ${describe(current)}` : total(all.reduce((n, c) => n + c.total, 0), data)}</span>
        <span>{data && clock(Date.parse(data.to))}</span>
      </figcaption>
    </figure>
  )
}

function total(runs: number, data: unknown): string {
  return data ? `${runs.toLocaleString()} ${runs === 1 ? 'run' : 'runs'}` : ''
}
