import type { ReactNode } from 'react'

interface EmptyProps {
  title: string
  /** 1 where it stands in place of the whole page. */
  level?: 1 | 2
  children?: ReactNode
  actions?: ReactNode
}

/** Empty says why there is nothing to see, and what to do. */
export function Empty({ title, level = 2, children, actions }: EmptyProps) {
  const Heading = level === 1 ? 'h1' : 'h2'
  return (
    <div className="empty">
      <Heading>{title}</Heading>
      {children && <div>{children}</div>}
      {actions && <div className="row">{actions}</div>}
    </div>
  )
}
