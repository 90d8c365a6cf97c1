import { useQuery } from '@tanstack/react-query'
import { api, must } from './client'
import { asError } from './errors'
import type { Login } from './schema'

/** useSession is who is asking, and what the server says of itself. */
export function useSession() {
  return useQuery({
    queryKey: ['session'],
    queryFn: ({ signal }) => must(api.GET('/session', { signal })),
    staleTime: 60_000,
    refetchInterval: (query) => (query.state.data?.rebuilding ? 5_000 : false),
  })
}

/** loginHref starts a login that comes back to a path of this site. */
export function loginHref(login: Login, back: string): string {
  return `${login.url}?${new URLSearchParams({ return: back })}`
}

/** logOut ends the session and loads the page again, so that nothing private stays on it. */
export async function logOut() {
  const answer = await fetch('/logout', { method: 'POST' })
  if (!answer.ok) throw asError(answer.status, undefined)
  location.reload()
}
