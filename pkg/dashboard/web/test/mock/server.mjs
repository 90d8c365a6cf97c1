// A stand-in for the dashboard's server, to look at the pages without a cluster: node test/mock/server.mjs [port].
// It serves dist with the headers of the real one, and invented data. Nothing of it is in the built application.
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { areas } from './areas.mjs'

const dist = join(fileURLToPath(import.meta.url), '../../../dist')
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

const routes = Object.entries(Object.assign({}, ...areas)).map(([pattern, handle]) => {
  const [method, path] = pattern.split(' ')
  const names = []
  const source = path.replace(/\{([a-z]+)(\.\.\.)?\}/gi, (_, name, rest) => (names.push(name), rest ? '(.+)' : '([^/]+)'))
  return { method, names, handle, match: new RegExp(`^${source}$`) }
})
// A fixed path comes before one with parameters.
routes.sort((a, b) => a.names.length - b.names.length)

function json(res, status, body) {
  res.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' })
  res.end(JSON.stringify(body))
}

/** stream begins an answer of server-sent events; the returned function sends one. */
function stream(res) {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  res.write('retry: 1000\n\n')
  return (event, data, id) => res.write(`${id ? `id: ${id}\n` : ''}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
}

async function body(req) {
  let text = ''
  for await (const chunk of req) text += chunk
  return text ? JSON.parse(text) : {}
}

async function serve(req, res) {
  const url = new URL(req.url, 'http://mock')
  for (const { method, names, handle, match } of routes) {
    const found = method === req.method && match.exec(url.pathname)
    if (!found) continue
    const params = Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(found[i + 1])]))
    const answer = await handle({ req, res, url, query: url.searchParams, params, stream: () => stream(res), body: () => body(req) })
    if (answer !== undefined) json(res, answer.status ?? 200, answer)
    return
  }
  if (url.pathname.startsWith('/api/')) return json(res, 404, { title: 'Not Found', status: 404, detail: `${req.method} ${url.pathname}` })
  const file = join(dist, normalize(url.pathname))
  const found = existsSync(file) && statSync(file).isFile() ? file : join(dist, 'index.html')
  res.writeHead(200, { 'Content-Type': types[extname(found)] ?? 'application/octet-stream', 'Content-Security-Policy': policy })
  createReadStream(found).pipe(res)
}

const port = Number(process.argv[2] ?? 8090)
createServer((req, res) => serve(req, res).catch((err) => json(res, 500, { title: 'Mock failed', status: 500, detail: String(err.stack) }))).listen(port, '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${port}/`),
)
