import { runs } from './data.mjs'
import { userOf } from './session.mjs'
import { special } from './special.mjs'

const absent = (name) => ({ status: 404, title: 'Not Found', detail: `run ${name}: not found` })
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC', 'base64')

const files = {
  'README.md': ['text/markdown; charset=utf-8', '# Result of the end-to-end test\n\n| Suite | Result |\n|---|---|\n| kind | **failed** |\n\n- [ ] rotate logs\n- [x] see [the log](logs/kubelet.log) or <script>alert(1)</script>\n\n```sh\nmake e2e\n```\n\n![picture](shots/page.png)\n'],
  'junit-e2e.xml': ['application/xml', '<testsuite name="e2e"/>\n'],
  'report.html': ['text/html; charset=utf-8', '<!doctype html><title>Report</title><h1>Coverage 81.4 %</h1><script>document.body.innerHTML = "script ran"</script>'],
  'versions.json': ['application/json', '{\n  "kubernetes": "1.36.0",\n  "tekton": "1.9.0"\n}\n'],
  'core.bin': ['application/octet-stream', '\u0000\u0001'],
  'logs/kubelet.log': ['text/plain; charset=utf-8', Array.from({ length: 3000 }, (_, i) => `I0101 00:00:${String(i % 60).padStart(2, '0')} kubelet.go:${i}] line ${i}`).join('\n')],
  'logs/nodes/a.txt': ['text/plain; charset=utf-8', 'node a\n'],
  'shots/page.png': ['image/png', png],
}

const many = Array.from({ length: 45_000 }, (_, i) => `many/file-${String(i).padStart(5, '0')}.txt`)

function listing(prefix, after, limit) {
  const below = [...Object.keys(files), ...many].filter((p) => p.startsWith(prefix)).sort()
  const entries = [...new Set(below.map((p) => { const slash = p.indexOf('/', prefix.length); return slash < 0 ? p : p.slice(0, slash + 1) }))].filter((p) => p > after)
  const page = entries.slice(0, limit)
  return {
    folders: page.filter((p) => p.endsWith('/')),
    artifacts: page.filter((p) => !p.endsWith('/')).map((path) => ({ path, size: (files[path]?.[1] ?? 'text').length, type: files[path]?.[0] ?? 'text/plain; charset=utf-8', modified: new Date().toISOString(), url: path })),
    ...(entries.length > limit && { next: page.at(-1) }),
  }
}

function suites() {
  const make = (name, state, i) => ({
    class: name, name: `Test${['Rotation', 'Resume', 'Censor', 'Index', 'Search'][i % 5]}/case_${i}`, seconds: (i % 37) / 10, state,
    ...(state === 'failed' && { message: 'expected 3 lines, got 2', text: `reader_test.go:${100 + i}: lines (-want +got):\n  []string{\n  \t"one",\n- \t"two",\n  }`, output: 'time=12:00:03 level=warn msg="rotated"' }),
    ...(state === 'flaky' && { message: 'failed once, then passed' }),
  })
  const failing = [make('pkg/logs', 'failed', 0), make('pkg/logs', 'failed', 1), make('pkg/logs', 'flaky', 2), make('pkg/logs', 'skipped', 3)]
  return [
    { name: 'pkg/logs', file: 'junit-e2e.xml', tests: 44, failed: 2, skipped: 1, seconds: 63.2, cases: [...failing, ...Array.from({ length: 40 }, (_, i) => make('pkg/logs', 'passed', i + 4))] },
    { name: 'pkg/storage', file: 'junit-e2e.xml', tests: 12_000, failed: 0, skipped: 0, seconds: 12.9, cases: Array.from({ length: 12_000 }, (_, i) => make('pkg/storage', 'passed', i)) },
  ]
}

const task = (name, state, more = {}) => ({
  name, state, runAfter: [], finally: false, steps: [],
  ...(state !== 'waiting' && state !== 'skipped' && { started: new Date(Date.now() - 300_000).toISOString() }),
  ...(['success', 'failure'].includes(state) && { ended: new Date(Date.now() - 100_000).toISOString() }), ...more,
})

function graph(name, run) {
  const over = run.detail.finished
  const failed = run.detail.state === 'failure'
  const now = (state) => (over ? (failed ? state : 'success') : 'running')
  return [
    task('fetch', 'success', { steps: ['fetch/clone'] }),
    task('build', 'success', { runAfter: ['fetch'], steps: ['build/compile'] }),
    task('lint', 'success', { runAfter: ['fetch'] }),
    task('unit', now('success'), { runAfter: ['build'], steps: ['test/unit'] }),
    task('e2e', now('failure'), { runAfter: ['build', 'lint'], steps: ['e2e/run', 'e2e/proxy'], message: 'step run exited with 2', retries: 1 }),
    task('verify-the-generated-code-and-docs', over ? 'success' : 'waiting', { runAfter: ['build', 'lint'] }),
    task('publish-image', 'skipped', { runAfter: ['e2e', 'unit'], skipped: 'when: "main" in ["release"]', when: ['"main" in ["release"]'] }),
    task('notify', over ? 'success' : 'waiting', { finally: true, steps: ['notify/send'] }),
    task('cleanup', over ? 'success' : 'waiting', { finally: true }),
  ].filter(() => run.logs.length > 0 || name === 'queued').map((t) => (name === 'queued' ? { ...t, state: 'waiting', started: undefined, ended: undefined } : t))
}

export default {
  'GET /api/v1/runs/{name}': ({ params, req }) => {
    const run = special(params.name)
    if (!run) return absent(params.name)
    const may = userOf(req) ? { allowed: true } : { allowed: false, login: true, reason: 'Log in to run jobs again or to abort them.' }
    const over = run.detail.finished ? { allowed: false, reason: 'The run is over.' } : may
    return { ...run.detail, permissions: params.name === 'refused' ? run.detail.permissions : { rerun: may, abort: over } }
  },
  'GET /api/v1/runs/{name}/steps': ({ params }) => (special(params.name) ? { steps: special(params.name).steps() } : absent(params.name)),
  'GET /api/v1/runs/{name}/graph': ({ params }) => (special(params.name) ? { tasks: graph(params.name, special(params.name)) } : absent(params.name)),
  'GET /api/v1/runs/{name}/events': ({ params }) => ({
    conditions: special(params.name)?.detail.conditions ?? [],
    events: [
      { type: 'Normal', reason: 'Scheduled', object: 'Pod/unit-pod', message: 'Successfully assigned ci/unit-pod to node-3', first: new Date(Date.now() - 900_000).toISOString(), last: new Date(Date.now() - 900_000).toISOString(), count: 1 },
      { type: 'Warning', reason: 'FailedMount', object: 'Pod/unit-pod', message: 'MountVolume.SetUp failed for volume "cache": timed out', last: new Date(Date.now() - 800_000).toISOString(), count: 3 },
    ],
  }),
  'GET /api/v1/runs/{name}/yaml': ({ params, query, res }) => {
    if (query.get('of') === 'pipelinerun' && params.name === 'refused') return { status: 404, title: 'Not Found', detail: `the PipelineRun of ${params.name} is not in the cluster` }
    res.writeHead(200, { 'Content-Type': 'text/yaml' })
    res.end(`# as stored\napiVersion: pharos.dev/v1alpha1\nkind: PipelineJob\nmetadata:\n  name: ${params.name}\n  namespace: ci\nspec:\n  job: unit\n  type: presubmit\n${Array.from({ length: 60 }, (_, i) => `  param${i}: "value ${i}"\n`).join('')}`)
  },
  'GET /api/v1/runs/{name}/tests': ({ params }) => {
    if (params.name === 'queued' || params.name === 'live') return { files: [], suites: [], tests: 0, failed: 0, skipped: 0, seconds: 0 }
    return { files: ['junit-e2e.xml'], suites: suites(), tests: 12_044, failed: 2, skipped: 1, seconds: 76.1, cut: 'junit-huge.xml has more than 16 MiB and is left out' }
  },
  'GET /api/v1/runs/{name}/artifacts': ({ params, query }) => {
    if (params.name === 'queued' || params.name === 'live') return { folders: [], artifacts: [] }
    return listing(query.get('prefix') ?? '', query.get('after') ?? '', Number(query.get('limit') ?? 200))
  },
  'GET /api/v1/runs/{name}/artifacts/{path...}': ({ params, res }) => {
    const [type, content] = files[params.path] ?? (many.includes(params.path) ? ['text/plain', 'text'] : [])
    if (!type) return absent(params.path)
    res.writeHead(200, { 'Content-Type': type, 'Content-Security-Policy': "sandbox; default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self'", 'X-Content-Type-Options': 'nosniff' })
    res.end(content)
  },
  'POST /api/v1/runs/{name}/rerun': () => ({ name: runs.find((r) => r.state === 'pending')?.name ?? 'live' }),
  'POST /api/v1/runs/{name}/abort': async ({ params, body }) => {
    const { reason } = await body()
    const run = special(params.name)
    Object.assign(run.detail, { state: 'aborted', finished: true, completed: new Date().toISOString(), reason: `Aborted by ada${reason ? `: ${reason}` : ''}` })
    return { message: 'The run is being aborted' }
  },
}
