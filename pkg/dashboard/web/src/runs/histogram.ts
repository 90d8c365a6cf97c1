import type { Histogram } from '../api/schema'
import { type Kind, kindOf } from '../ui/state'

/** Column is one span of time with the runs that were created in it. */
export interface Column {
  start: number
  total: number
  /** From the bottom up; kinds without runs are left out. */
  parts: { kind: Kind; count: number }[]
}

const order: Kind[] = ['success', 'running', 'waiting', 'aborted', 'error', 'failure']

/** columns are all spans of a histogram in order of time, the empty ones too. At most limit of them. */
export function columns(h: Histogram, limit = 400): Column[] {
  const from = Date.parse(h.from)
  const width = h.seconds * 1000
  const count = Math.min(Math.max(Math.ceil((Date.parse(h.to) - from) / width), 1), limit)
  const all: Column[] = Array.from({ length: count }, (_, i) => ({ start: from + i * width, total: 0, parts: [] }))
  for (const bucket of h.buckets) {
    const at = Math.floor((Date.parse(bucket.start) - from) / width)
    const column = all[Math.min(Math.max(at, 0), count - 1)]
    if (column) fill(column, bucket.counts)
  }
  return all
}

function fill(column: Column, counts: Record<string, number>) {
  const byKind = new Map(column.parts.map((part) => [part.kind, part.count]))
  for (const [state, n] of Object.entries(counts)) byKind.set(kindOf(state), (byKind.get(kindOf(state)) ?? 0) + n)
  column.parts = order.filter((kind) => byKind.get(kind)).map((kind) => ({ kind, count: byKind.get(kind) ?? 0 }))
  column.total = column.parts.reduce((sum, part) => sum + part.count, 0)
}

/** describe says a column in words. */
export function describe(column: Column): string {
  if (column.total === 0) return 'no runs'
  return column.parts.map((part) => `${part.count} ${part.kind}`).toReversed().join(', ')
}
