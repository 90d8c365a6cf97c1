import { Outside } from './Outside'

/** Sha is a commit, short, with a link to the forge where there is one. */
export function Sha({ sha, href }: { sha: string | undefined; href?: string }) {
  if (!sha) return null
  const short = <code title={sha}>{sha.slice(0, 8)}</code>
  return href ? <Outside href={href}>{short}</Outside> : short
}
