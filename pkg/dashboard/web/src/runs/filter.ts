import type { operations } from '../api/schema'

/** What the API selects runs by. */
export type RunsQuery = NonNullable<operations['listRuns']['parameters']['query']>

/** Keys of the address. State and type hold several values with commas between. */
export const filterKeys = ['connection', 'repo', 'pull', 'author', 'job', 'type', 'state', 'sha', 'since', 'until', 'last'] as const
export type FilterKey = (typeof filterKeys)[number]
export type Filter = Partial<Record<FilterKey, string>>

export const fieldNames: Record<FilterKey, string> = {
  connection: 'Connection',
  repo: 'Repository',
  pull: 'Pull request',
  author: 'Author',
  job: 'Job',
  type: 'Type',
  state: 'State',
  sha: 'Commit',
  since: 'From',
  until: 'Until',
  last: 'Last',
}

/** Time spans that "last" may hold, in hours. */
export const spans: Record<string, { hours: number; name: string }> = {
  '1h': { hours: 1, name: 'Last hour' },
  '24h': { hours: 24, name: 'Last 24 hours' },
  '7d': { hours: 7 * 24, name: 'Last 7 days' },
  '30d': { hours: 30 * 24, name: 'Last 30 days' },
}

/** among reads a value that may hold several. */
export function among(value: string | undefined): string[] {
  return value ? value.split(',').filter(Boolean) : []
}

/** toggle adds a value to a list or takes it away; nothing left is undefined. */
export function toggle(list: string | undefined, value: string): string | undefined {
  const now = among(list)
  const next = now.includes(value) ? now.filter((v) => v !== value) : [...now, value]
  return next.join(',') || undefined
}

function iso(text: string | undefined): string | undefined {
  const ms = text ? Date.parse(text) : NaN
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString()
}

/** pullNumber accepts "12" and "#12". */
function pullNumber(text: string | undefined): number | undefined {
  const digits = /^#?(\d{1,9})$/.exec(text ?? '')?.[1]
  return digits ? Number(digits) : undefined
}

const states = ['scheduling', 'triggered', 'pending', 'success', 'failure', 'aborted', 'error']
const types = ['presubmit', 'postsubmit', 'periodic', 'batch']

/** toQuery is what to ask the API for. Values that it would refuse, in an address somebody wrote by hand, are left out. */
export function toQuery(filter: Filter, now: number): RunsQuery {
  const span = filter.last ? spans[filter.last] : undefined
  const query: RunsQuery = {
    connection: filter.connection,
    repo: filter.repo,
    pull: pullNumber(filter.pull),
    author: filter.author,
    job: filter.job,
    sha: /^[0-9a-f]{1,64}$/i.test(filter.sha ?? '') ? filter.sha : undefined,
    since: span ? new Date(now - span.hours * 3_600_000).toISOString() : iso(filter.since),
    until: span ? undefined : iso(filter.until),
  }
  const state = among(filter.state).filter((s) => states.includes(s))
  const type = among(filter.type).filter((t) => types.includes(t))
  if (state.length > 0) query.state = state as RunsQuery['state']
  if (type.length > 0) query.type = type as RunsQuery['type']
  return query
}

/** toParams is the query as an address has it. */
export function toParams(query: RunsQuery): URLSearchParams {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (Array.isArray(value)) for (const one of value) params.append(key, one)
    else if (value !== undefined && value !== null) params.set(key, String(value))
  }
  return params
}

/** zoom narrows the filter to one column of the histogram. */
export function zoom(start: number, seconds: number): Filter {
  return { since: new Date(start).toISOString(), until: new Date(start + seconds * 1000).toISOString(), last: undefined }
}
