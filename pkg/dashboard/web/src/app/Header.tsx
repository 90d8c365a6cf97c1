import { Button, Tooltip } from '@patternfly/react-core'
import KeyboardIcon from '@patternfly/react-icons/dist/esm/icons/keyboard-icon'
import { Link, NavLink } from 'react-router'
import { useSession } from '../api/session'
import { SessionMenu } from './SessionMenu'
import { ThemeMenu } from './ThemeMenu'

const pages = [
  { to: '/', name: 'Runs' },
  { to: '/deliveries', name: 'Deliveries' },
  { to: '/help', name: 'Help' },
  { to: '/config', name: 'Configuration' },
]

export function Header({ onKeys }: { onKeys: () => void }) {
  const findings = useSession().data?.findings ?? 0
  return (
    <header className="top">
      <Link className="brand" to="/" aria-label="Pharos, all runs">
        <img src="/static/icon.svg" alt="" width="24" height="24" />
        <span>Pharos</span>
      </Link>
      <nav aria-label="Pages">
        <ul>
          {pages.map((page) => (
            <li key={page.to}>
              <NavLink to={page.to} end={page.to === '/'}>
                {page.name}
                {page.to === '/config' && findings > 0 && (
                  <span className="count" title={`${findings} findings in the configuration`}>
                    {findings}
                  </span>
                )}
              </NavLink>
            </li>
          ))}
        </ul>
      </nav>
      <div className="tools">
        <Tooltip content="Keys (?)">
          <Button className="wide-only" variant="plain" aria-label="Show the keys" icon={<KeyboardIcon />} onClick={onKeys} />
        </Tooltip>
        <ThemeMenu />
        <SessionMenu />
      </div>
    </header>
  )
}
