// Logs that are invented line by line, so that one of ten million lines needs no memory.
import { special } from './special.mjs'

const esc = '\u001b'
const colours = [`${esc}[32mok${esc}[0m`, `${esc}[1;34m==>${esc}[0m`, `${esc}[38;5;208mwarm${esc}[0m`, `${esc}[33mWARN${esc}[0m`]

function mixed(n) {
  let x = Math.imul(n, 2654435761) >>> 0
  x ^= x >>> 15
  return Math.imul(x, 2246822519) >>> 0
}

/** A step's line. Groups begin every 100 lines in the first 5,000; a few lines are errors; some are long. */
function lineOf(step, n) {
  const k = mixed(n + step.seed)
  if (step.groups && n <= 5000 && n % 100 === 10) return `::group::Download dependencies, part ${Math.floor(n / 100) + 1}`
  if (step.groups && n <= 5000 && n % 100 === 40) return '::endgroup::'
  if (step.errors?.includes(n)) return `${esc}[1;31merror:${esc}[0m undefined: store.Reader.Lines (line ${n})`
  if (step.failAt === n) return `${esc}[41;97m--- FAIL ${esc}[0m: TestRotation (12.34s)`
  if (k % 997 === 0) return `{"level":"info","n":${n},"msg":"${'a long line that does not fit into any window and is wrapped when the reader wants it so; '.repeat(6)}"}`
  if (k % 13 === 0) return ''
  return `${colours[k % 4]} ${n.toString(36).padStart(6, '0')} compile ${['pkg/logs', 'pkg/storage', 'pkg/dashboard/web', 'cmd/pharos'][k % 4]} in ${(k % 9000) / 10} ms`
}

function textOf(step, n) {
  return { number: n, text: lineOf(step, n), time: new Date(step.start + n * step.pace).toISOString() }
}

function stepFor(params, query) {
  return special(params.name)?.logs.find((l) => l.key === query.get('step'))
}

const absent = { status: 404, title: 'Not Found', detail: 'the log is not in the store, or not yet' }

export function countOf(step) {
  return step.live ? Math.min(step.most, step.count) : step.count
}

export default {
  'GET /api/v1/runs/{name}/log/lines': async ({ params, query }) => {
    const step = stepFor(params, query)
    if (!step) return absent
    await new Promise((r) => setTimeout(r, Number(process.env.MOCK_DELAY ?? 20)))
    const total = countOf(step)
    const at = (name, usual) => {
      const n = Number(query.get(name) ?? usual)
      return n < 1 ? total + n : n
    }
    const [from, to] = [Math.max(at('from', 1), 1), Math.min(at('to', total), total)]
    const lines = []
    for (let n = from; n <= Math.min(to, from + 4999); n++) lines.push(textOf(step, n))
    return { lines, total, complete: !step.live }
  },
  'GET /api/v1/runs/{name}/log/at': ({ params, query }) => {
    const step = stepFor(params, query)
    if (!step) return absent
    const n = Math.ceil((Date.parse(query.get('time')) - step.start) / step.pace)
    return { line: n > countOf(step) ? 0 : Math.max(n, 1) }
  },
  'GET /api/v1/runs/{name}/log/search': async ({ params, query }) => {
    const step = stepFor(params, query)
    if (!step) return absent
    const source = query.get('q')
    const ignore = source.includes('(?i)')
    let pattern
    try {
      pattern = new RegExp(source.replaceAll('(?i)', ''), ignore ? 'i' : '')
    } catch (err) {
      return { status: 422, title: 'Unprocessable Entity', detail: `bad pattern: ${err.message}` }
    }
    const limit = Number(query.get('limit') ?? 100)
    const matches = []
    const first = Number(query.get('from') ?? 1)
    const end = Math.min(countOf(step), first + 2_000_000)
    let n = first
    for (; n <= end && matches.length < limit; n++) {
      if (n % 100_000 === 0) await new Promise((r) => setImmediate(r))
      if (pattern.test(lineOf(step, n).replace(/\u001b\[[0-9;]*m/g, ''))) matches.push(textOf(step, n))
    }
    return { matches, ...(n <= countOf(step) && { next: n }), scanned: (n - first) * 60, total: countOf(step), complete: !step.live }
  },
  'GET /api/v1/runs/{name}/log/raw': ({ params, query, res }) => {
    const steps = query.get('step') ? [stepFor(params, query)] : (special(params.name)?.logs ?? [])
    res.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', ...(query.get('download') && { 'Content-Disposition': 'attachment; filename=log.log' }) })
    for (const step of steps) for (let n = 1; n <= Math.min(countOf(step), 5000); n++) res.write(`${lineOf(step, n)}\n`)
    res.end()
  },
  'GET /api/v1/runs/{name}/log': ({ params, query, req, stream }) => {
    const run = special(params.name)
    const send = stream()
    if (!run) return send('end', {})
    const sent = new Map()
    for (const [key, n] of new URLSearchParams(query.get('after') ?? '')) sent.set(key, Number(n))
    const tail = Number(query.get('tail') ?? 0)
    if (sent.size === 0 && tail) for (const step of run.logs) if (countOf(step) > tail) sent.set(step.key, countOf(step) - tail)
    let told = ''
    const tick = () => {
      for (const step of run.logs) {
        const [task, name] = step.key.split('/')
        for (let n = (sent.get(step.key) ?? 0) + 1; n <= countOf(step); n++) {
          sent.set(step.key, n)
          send('line', { task, step: name, ...textOf(step, n) }, new URLSearchParams([...sent].map(([k, v]) => [k, String(v)])).toString())
        }
      }
      const now = JSON.stringify([run.detail.state, run.steps().map((s) => s.state)])
      if (now !== told) {
        told = now
        send('state', run.detail)
        send('step', run.steps())
      }
      if (!run.detail.finished) return
      clearInterval(timer)
      send('end', {})
    }
    const timer = setInterval(tick, 120)
    req.on('close', () => clearInterval(timer))
    tick()
  },
}
