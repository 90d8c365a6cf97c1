import { api, must } from '../api/client'
import type { LineAt, Lines, Matches } from '../api/schema'

/** Source reads the log of one run; steps are "task/step", lines count from 1. */
export interface Source {
  lines(step: string, first: number, last: number, signal: AbortSignal): Promise<Lines>
  search(step: string, q: string, from: number, limit: number, signal?: AbortSignal): Promise<Matches>
  at(step: string, time: number): Promise<LineAt>
}

/** sourceOf is the source of a run at the server. */
export function sourceOf(name: string): Source {
  const path = { name }
  return {
    lines: (step, from, to, signal) => must(api.GET('/runs/{name}/log/lines', { params: { path, query: { step, from, to } }, signal })),
    search: (step, q, from, limit, signal) => must(api.GET('/runs/{name}/log/search', { params: { path, query: { step, q, from, limit } }, signal })),
    at: (step, time) => must(api.GET('/runs/{name}/log/at', { params: { path, query: { step, time: new Date(time).toISOString() } } })),
  }
}
