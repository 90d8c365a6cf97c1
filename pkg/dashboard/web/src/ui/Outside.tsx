import type { ReactNode } from 'react'

/** safeHref is the address if a link may lead there: http and https only, since links come from events of a forge. */
export function safeHref(href: string | undefined): string | undefined {
  return href && /^https?:\/\//i.test(href) ? href : undefined
}

/** Outside is a link to another site. What is no web address is shown as text. */
export function Outside({ href, children }: { href: string | undefined; children: ReactNode }) {
  const safe = safeHref(href)
  if (!safe) return <>{children}</>
  return (
    <a href={safe} rel="noreferrer">
      {children}
    </a>
  )
}
