import { runURL } from '../api/client'

/** folderOf is the folder of a file, with a slash at the end, or "" at the top. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1)
}

/** baseOf is the last part of a path of a file or folder. */
export function baseOf(path: string): string {
  const bare = path.replace(/\/$/, '')
  return bare.slice(bare.lastIndexOf('/') + 1)
}

/** crumbsOf are the folders on the way to a folder, which ends with a slash; the top is not among them. */
export function crumbsOf(prefix: string): { name: string; prefix: string }[] {
  const parts = prefix.split('/').filter(Boolean)
  return parts.map((name, i) => ({ name, prefix: `${parts.slice(0, i + 1).join('/')}/` }))
}

/** artifactURL is where a file is served. */
export function artifactURL(run: string, path: string): string {
  return runURL(run, `artifacts/${path.split('/').map(encodeURIComponent).join('/')}`)
}

export type Kind = 'text' | 'image' | 'markdown' | 'page' | 'none'

/** kindOfType is how a file is shown, by the media type that it is served with and its name. */
export function kindOfType(type: string, path: string): Kind {
  const bare = type.split(';')[0]?.trim().toLowerCase() ?? ''
  if (bare === 'text/markdown' || /\.(md|markdown)$/i.test(path)) return 'markdown'
  if (bare === 'text/html' || bare === 'application/xhtml+xml') return 'page'
  if (bare.startsWith('image/')) return 'image'
  if (bare.startsWith('text/') || /[/+](json|xml|yaml|x-yaml|toml|javascript|x-sh)$/.test(bare)) return 'text'
  return 'none'
}

/**
 * within is the address of what a Markdown file links to: a file beside it for a relative path, web addresses as they are,
 * and nothing for any other scheme.
 */
export function within(run: string, file: string, link: string): string {
  if (/^(https?:|mailto:|#)/i.test(link)) return link
  if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(link)) return ''
  const top = 'http://run/'
  const url = new URL(link, top + (link.startsWith('/') ? '' : folderOf(file)))
  try {
    return artifactURL(run, decodeURIComponent(url.pathname.slice(1))) + url.hash
  } catch {
    return ''
  }
}
