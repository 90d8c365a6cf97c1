import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'react-router'

/** withValues is the query with some values set; an empty or undefined value takes its key away. */
export function withValues(query: URLSearchParams, values: Record<string, string | undefined>): URLSearchParams {
  const next = new URLSearchParams(query)
  for (const [key, value] of Object.entries(values)) {
    if (value) next.set(key, value)
    else next.delete(key)
  }
  return next
}

/**
 * useQueryState keeps what a reader chose in the address, so that it can be shared and the back button works. Setting
 * with replace leaves no entry in the browser's history, as while typing.
 */
export function useQueryState(keys: readonly string[]) {
  const [query, setQuery] = useSearchParams()
  const joined = keys.join(' ')
  const values = useMemo(() => {
    const found: Record<string, string> = {}
    for (const key of joined.split(' ')) {
      const value = query.get(key)
      if (value) found[key] = value
    }
    return found
  }, [query, joined])
  const set = useCallback(
    (change: Record<string, string | undefined>, options?: { replace?: boolean }) =>
      setQuery((now) => withValues(now, change), { preventScrollReset: true, ...options }),
    [setQuery],
  )
  return [values, set] as const
}
