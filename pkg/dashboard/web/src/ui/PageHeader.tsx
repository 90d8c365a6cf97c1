import type { ReactNode } from 'react'

interface PageHeaderProps {
  title: ReactNode
  /** Beside the title, on the right. */
  actions?: ReactNode
  /** Below the title. */
  children?: ReactNode
}

/** PageHeader holds the one h1 of a page. */
export function PageHeader({ title, actions, children }: PageHeaderProps) {
  return (
    <header className="page-header">
      <div className="head row">
        <h1>{title}</h1>
        {actions && <div className="actions row">{actions}</div>}
      </div>
      {children}
    </header>
  )
}
