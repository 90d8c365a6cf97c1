import { Button } from '@patternfly/react-core'
import UserIcon from '@patternfly/react-icons/dist/esm/icons/user-icon'
import { useLocation } from 'react-router'
import { loginHref, logOut, useSession } from '../api/session'
import { Menu } from '../ui/Menu'
import { useNotify } from '../ui/notices'
import { Avatar } from './Avatar'

/** SessionMenu shows who is logged in, or where one can log in. It keeps its place while it is not known yet. */
export function SessionMenu() {
  const session = useSession().data
  const here = useLocation()
  const notify = useNotify()
  const leave = () => logOut().catch((err: unknown) => notify({ variant: 'danger', title: 'Not logged out', body: String(err) }))
  const back = here.pathname + here.search + here.hash
  if (!session) return <span className="session" />
  if (session.user) {
    return (
      <Menu label={`Logged in as ${session.user.login}`} text={session.user.login} icon={<Avatar src={session.user.avatar} />}>
        <Menu.Note>
          {session.user.name || session.user.login} at {session.user.connection}
        </Menu.Note>
        <Menu.Item onClick={() => void leave()}>Log out</Menu.Item>
      </Menu>
    )
  }
  const logins = session.logins ?? []
  const [only] = logins
  if (!only) return null
  if (logins.length === 1) {
    return (
      <Button variant="secondary" size="sm" component="a" href={loginHref(only, back)}>
        Log in
      </Button>
    )
  }
  return (
    <Menu label="Log in" text="Log in" icon={<UserIcon />}>
      {logins.map((login) => (
        <Menu.Item key={login.connection} href={loginHref(login, back)}>
          {login.connection}
        </Menu.Item>
      ))}
    </Menu>
  )
}
