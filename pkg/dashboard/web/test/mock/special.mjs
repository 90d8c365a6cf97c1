// Runs with known names, to look at one thing each: big (ten million lines), live, queued, refused, done.
import { makeRun, runs } from './data.mjs'

const minute = 60_000
const start = Date.now()
const known = new Map()

function detailOf(name, state, change = {}) {
  const run = makeRun(start - 30 * minute, state)
  Object.assign(run, { name, logURL: `s3://pharos-logs/${run.logPath}`, optional: false }, change)
  return Object.assign(run, {
    conditions: [
      { type: 'Scheduled', status: 'True', reason: 'Started', since: run.created, message: 'PipelineRun created' },
      { type: 'Succeeded', status: state === 'success' ? 'True' : run.finished ? 'False' : 'Unknown', reason: run.finished ? 'Completed' : 'Running', since: run.completed ?? run.began, message: run.description },
    ],
    reports: [{ reporter: 'status', state, status: run.context, targetURL: `https://pharos.example/runs/${name}` }],
    permissions: { rerun: { allowed: true }, abort: { allowed: true } },
  })
}

function stepsOf(logs) {
  return () => logs.map((l) => ({
    task: l.key.split('/')[0], step: l.key.split('/')[1], kind: l.kind ?? 'step', state: l.state,
    ...(l.state !== 'waiting' && { started: new Date(l.start).toISOString() }),
    ...(l.ended && { ended: new Date(l.ended).toISOString() }),
    ...(l.exitCode && { exitCode: l.exitCode, reason: 'Error' }),
    ...(!l.live && { lines: l.count, bytes: l.count * 60 }),
    ...(l.incomplete && { incomplete: l.incomplete }),
  }))
}

function log(key, state, count, more = {}) {
  const began = start - 25 * minute
  return { key, state, count, seed: key.length * 7919, start: began, pace: 20, ended: state === 'running' || state === 'waiting' ? undefined : began + count * (more.pace ?? 20), ...more }
}

function add(name, detail, logs) {
  known.set(name, { detail, logs, steps: stepsOf(logs) })
  return known.get(name)
}

add('big', detailOf('big', 'failure', { job: 'e2e-kind', description: 'Task e2e failed: step run exited with 2' }), [
  log('fetch/clone', 'success', 84, { groups: true }),
  log('build/compile', 'success', 4800, { groups: true }),
  log('e2e/run', 'failure', 10_000_000, { pace: 0.1, exitCode: 2, errors: [1_234_567, 6_000_001, 9_999_000], failAt: 9_999_990 }),
  log('e2e/proxy', 'success', 1200, { kind: 'sidecar', incomplete: 'the container restarted, and the cluster kept its last log only' }),
  log('notify/send', 'success', 12),
])
add('done', detailOf('done', 'success', { job: 'unit' }), [log('fetch/clone', 'success', 84), log('test/unit', 'success', 912, { groups: true })])
add('queued', detailOf('queued', 'triggered', { description: 'Waiting for a free slot: 4 of 4 runs of this job are active', began: undefined }), [])
const error = detailOf('refused', 'error', { reason: 'The image registry.example/builder:9 could not be pulled: it does not exist there.', began: undefined })
error.permissions = { rerun: { allowed: false, login: true, reason: 'Only members of lighthouse may rerun.' }, abort: { allowed: false, reason: 'It is over.' } }
add('refused', error, [])

/** live is a clone, a test that prints for half a minute, and a step at the end. It begins when somebody looks. */
function live(name, most, every) {
  const began = Date.now()
  const logs = [log('fetch/clone', 'success', 84), log('test/unit', 'running', 1200, { live: true, most, groups: true, start: began - 24_000 }), log('report/upload', 'waiting', 0, { live: true, most: 30 })]
  const run = add(name, detailOf(name, 'pending', { job: 'unit', began: new Date(began - 30_000).toISOString(), created: new Date(began - 34_000).toISOString(), archived: false }), logs)
  const timer = setInterval(() => {
    const step = logs.find((l) => l.live && l.state !== 'success')
    if (!step) {
      Object.assign(run.detail, { state: 'success', finished: true, archived: true, completed: new Date().toISOString(), description: 'All tasks succeeded' })
      return clearInterval(timer)
    }
    if (step.state === 'waiting') Object.assign(step, { state: 'running', start: Date.now() })
    step.count += Math.ceil((step.most / every) / 4)
    if (step.count >= step.most) Object.assign(step, { state: 'success', ended: Date.now(), count: step.most, live: false })
  }, 250)
  return run
}

const seconds = Number(process.env.MOCK_LIVE ?? 30)
const sizes = { live: 2600, fast: 400_000 }

/** special is a run that has a page of its own here: one of the known, or one from the list with a small log. */
export function special(name) {
  if (known.has(name)) return known.get(name)
  if (sizes[name]) return live(name, sizes[name], seconds)
  const run = runs.find((r) => r.name === name)
  if (!run) return undefined
  const failed = run.state === 'failure'
  const logs = run.began ? [log('fetch/clone', 'success', 84), log('test/unit', failed ? 'failure' : run.finished ? 'success' : 'running', 912, { groups: true, ...(failed && { exitCode: 1, failAt: 905 }) })] : []
  return add(name, Object.assign(run, detailOf(name, run.state, { ...run })), logs)
}
