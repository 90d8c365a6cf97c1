import { useSearchParams } from 'react-router'
import { loginHref, useSession } from '../api/session'
import { Empty } from '../ui/Empty'
import { useTitle } from '../ui/title'
import { reasonText } from './loginReasons'

/** LoginPage is where the server sends a reader whose login did not work. */
export function LoginPage() {
  useTitle('Log in')
  const [query] = useSearchParams()
  const error = query.get('error')
  const logins = useSession().data?.logins ?? []
  return (
    <Empty
      level={1}
      title={error ? 'The login did not work' : 'Log in'}
      actions={logins.map((login) => (
        <a key={login.connection} href={loginHref(login, query.get('return') ?? '/')}>
          Log in at {login.connection}
        </a>
      ))}
    >
      {error ? reasonText(error) : logins.length === 0 ? 'No connection offers a login here.' : 'Private runs and actions need a login.'}
    </Empty>
  )
}
