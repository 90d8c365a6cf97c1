/** Addresses within the application, so that no page puts them together itself. */

export function runPath(name: string, tab?: string): string {
  return `/runs/${encodeURIComponent(name)}${tab ? `/${tab}` : ''}`
}

function withQuery(path: string, query: Record<string, string | number | undefined>): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== '') params.set(key, String(value))
  const text = params.toString()
  return text ? `${path}?${text}` : path
}

export function runsPath(filter: Record<string, string | number | undefined>): string {
  return withQuery('/', filter)
}

export function pullPath(connection: string, repo: string, number: number): string {
  return withQuery('/pull', { connection, repo, number })
}

export function jobPath(connection: string, repo: string | undefined, job: string): string {
  return withQuery('/job', { connection, repo, job })
}

export function deliveryPath(name: string): string {
  return `/deliveries/${encodeURIComponent(name)}`
}

/** configPath leads to a line of a file of the configuration; lines count from 1, 0 means the whole file. */
export function configPath(file: string, line = 0): string {
  return withQuery('/config', { file }) + (line > 0 ? `#L${line}` : '')
}
