/** random is a small generator with a seed, so that each start shows the same data. */
export function random(seed) {
  let s = seed
  return () => {
    s = (s + 0x6d2b79f5) | 0
    let t = Math.imul(s ^ (s >>> 15), 1 | s)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const next = random(7)
export const one = (list) => list[Math.floor(next() * list.length)]
export const hex = (n) => Array.from({ length: n }, () => Math.floor(next() * 16).toString(16)).join('')

const repos = [
  { connection: 'gitea', repo: 'lighthouse/keeper', jobs: ['unit', 'lint', 'integration', 'e2e-kind', 'build-image'] },
  { connection: 'gitea', repo: 'lighthouse/beacon', jobs: ['unit', 'verify-generated', 'license'] },
  { connection: 'github', repo: 'harbour/pilot', jobs: ['pull-pilot-unit', 'pull-pilot-e2e-gce-cos-alpha-features', 'pull-pilot-verify'] },
]
const titles = [
  'storage: read index before the log', 'Fix flaky rotation test', 'webhook: answer 202 before work', 'Add a scheduler hint to long jobs',
  'deps: update the client to 1.36 and everything that stands on it, including the generated code', 'docs: how to restore a bucket',
]
const authors = ['ada', 'grace', 'edsger', 'barbara', 'renovate-bot']
const why = {
  failure: ['Task test failed: step unit exited with 1', 'Task e2e failed: step run exited with 2', '3 of 812 tests failed'],
  error: ['The pod was evicted: node low on memory', 'The image could not be pulled: registry answered 503'],
  aborted: ['Aborted: a newer commit was pushed', 'Aborted by grace'],
  success: ['All tasks succeeded'],
  pending: ['Running task test'],
  triggered: ['Waiting for a free slot: 4 of 4 runs of this job are active'],
}

const pulls = Array.from({ length: 26 }, (_, i) => {
  const at = repos[i % repos.length]
  const shas = Array.from({ length: 1 + Math.floor(next() * 5) }, () => hex(40))
  return { ...at, number: 100 + i, author: one(authors), title: one(titles), shas }
})

let build = 1990000000000000000n
export const hour = 3_600_000

export function makeRun(created, state) {
  const pull = one(pulls)
  const periodic = next() < 0.12
  const job = periodic ? `nightly-${one(pull.jobs)}` : one(pull.jobs)
  const sha = one(pull.shas)
  build -= 4194304n * BigInt(1 + Math.floor(next() * 9))
  const took = 20_000 + next() * next() * 2_400_000
  const over = !['pending', 'triggered', 'scheduling'].includes(state)
  const id = String(build)
  return {
    name: `${job}-${id.slice(-8)}`, job, type: periodic ? 'periodic' : 'presubmit', buildID: id, state, finished: over,
    description: one(why[state] ?? ['']), context: job, connection: pull.connection,
    repo: pull.repo, repoLink: `https://forge.example/${pull.repo}`, baseRef: 'main', baseSHA: hex(40),
    ...(!periodic && {
      pulls: [{ number: pull.number, author: pull.author, title: pull.title, sha, link: `https://forge.example/${pull.repo}/pulls/${pull.number}`, commitLink: `https://forge.example/${pull.repo}/commit/${sha}` }],
      rerunCommand: `/test ${job}`, delivery: 'gitea-6f1d2c',
    }),
    created: new Date(created).toISOString(),
    ...(state !== 'triggered' && { began: new Date(created + 4000).toISOString() }),
    ...(over && { completed: new Date(created + 4000 + took).toISOString() }),
    pipelineRun: `${job}-${id.slice(-8)}`, namespace: 'ci', archived: over,
    logPath: `pr-logs/pull/${pull.repo.replace('/', '_')}/${pull.number}/${job}/${id}`,
  }
}

export function someState(age) {
  const n = next()
  if (age < 0.15 * hour) return n < 0.55 ? 'pending' : n < 0.75 ? 'triggered' : 'success'
  return n < 0.74 ? 'success' : n < 0.9 ? 'failure' : n < 0.95 ? 'aborted' : 'error'
}

const start = Date.now()
let at = start
/** Newest first. */
export const runs = Array.from({ length: 3000 }, () => {
  at -= next() * next() * 8 * 60_000
  return makeRun(at, someState(start - at))
})
