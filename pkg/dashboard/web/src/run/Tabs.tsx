import { NavLink } from 'react-router'
import { runPath } from '../ui/links'

const tabs = [
  { tab: undefined, name: 'Log' },
  { tab: 'graph', name: 'Graph' },
  { tab: 'tests', name: 'Tests' },
  { tab: 'artifacts', name: 'Artifacts' },
  { tab: 'details', name: 'Details' },
]

export function isTab(text: string): boolean {
  return text === 'log' || tabs.some(({ tab }) => tab === text)
}

export function Tabs({ name }: { name: string }) {
  return (
    <nav className="run-tabs" aria-label="Parts of the run">
      <ul>
        {tabs.map(({ tab, name: title }) => (
          <li key={title}>
            <NavLink to={runPath(name, tab)} end preventScrollReset>
              {title}
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  )
}
