import { makeRun, runs } from './data.mjs'

export function matching(query) {
  const is = (key, value) => !query.get(key) || query.get(key) === String(value)
  const among = (key, value) => query.getAll(key).length === 0 || query.getAll(key).includes(value)
  const job = query.get('job') && new RegExp(`^${query.get('job').replaceAll('*', '.*')}$`)
  return (run) =>
    is('connection', run.connection) && is('repo', run.repo) && (!job || job.test(run.job)) &&
    among('type', run.type) && among('state', run.state) &&
    (!query.get('pull') || run.pulls?.[0].number === Number(query.get('pull'))) &&
    (!query.get('author') || run.pulls?.[0].author === query.get('author')) &&
    (!query.get('sha') || run.pulls?.[0].sha.startsWith(query.get('sha'))) &&
    (!query.get('since') || run.created >= new Date(query.get('since')).toISOString()) &&
    (!query.get('until') || run.created < new Date(query.get('until')).toISOString())
}

/** How often something happens to a run, in ms; 0 is never. */
const pace = Number(process.env.MOCK_PACE ?? 3000)

function happen(tell) {
  const pending = runs.filter((r) => r.state === 'pending')
  const queued = runs.filter((r) => r.state === 'triggered')
  const now = new Date().toISOString()
  if (pending.length > 6) {
    const run = pending.at(-1)
    tell(Object.assign(run, { state: Math.random() < 0.7 ? 'success' : 'failure', finished: true, completed: now }))
  } else if (queued.length > 2) {
    tell(Object.assign(queued.at(-1), { state: 'pending', began: now }))
  } else {
    const run = makeRun(Date.now(), 'triggered')
    run.buildID = String(2n * 10n ** 18n + BigInt(Date.now()))
    run.name = `${run.job}-${run.buildID.slice(-8)}`
    runs.unshift(run)
    tell(run)
  }
}

const listeners = new Set()
if (pace > 0) setInterval(() => happen((run) => listeners.forEach((l) => l(run))), pace)

export default {
  'GET /api/v1/runs': ({ query }) => {
    const limit = Number(query.get('limit') ?? 50)
    const before = query.get('before')
    const found = runs.filter((r) => (!before || BigInt(r.buildID) < BigInt(before)) && matching(query)(r))
    return { runs: found.slice(0, limit), ...(found.length > limit && { next: found[limit - 1].buildID }) }
  },
  'GET /api/v1/runs/histogram': ({ query }) => {
    const found = runs.filter(matching(query))
    const to = query.get('until') ? Date.parse(query.get('until')) : Date.now()
    const from = query.get('since') ? Date.parse(query.get('since')) : Date.parse(found.at(-1)?.created ?? new Date(to - 86400e3))
    const n = Number(query.get('buckets') ?? 60)
    const seconds = Math.max(1, Math.ceil((to - from) / 1000 / n))
    const buckets = new Map()
    for (const r of found) {
      const start = from + Math.floor((Date.parse(r.created) - from) / 1000 / seconds) * seconds * 1000
      if (!buckets.has(start)) buckets.set(start, {})
      const counts = buckets.get(start)
      counts[r.state] = (counts[r.state] ?? 0) + 1
    }
    return {
      from: new Date(from).toISOString(), to: new Date(to).toISOString(), seconds,
      buckets: [...buckets].sort((a, b) => a[0] - b[0]).map(([start, counts]) => ({ start: new Date(start).toISOString(), counts })),
    }
  },
  'GET /api/v1/runs/values': ({ query }) => {
    const of = { connection: (r) => r.connection, repo: (r) => r.repo, job: (r) => r.job, author: (r) => r.pulls?.[0].author }[query.get('field')]
    const all = [...new Set(runs.map(of).filter(Boolean))].sort()
    return { values: all.filter((v) => v.includes(query.get('prefix') ?? '')).slice(0, 20) }
  },
  'GET /api/v1/runs/events': ({ query, req, stream }) => {
    const send = stream()
    const listener = (run) => matching(query)(run) && send('run', run)
    listeners.add(listener)
    req.on('close', () => listeners.delete(listener))
  },
}
