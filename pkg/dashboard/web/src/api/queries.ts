import { QueryClient } from '@tanstack/react-query'
import { ApiError } from './errors'

/** What the client did wrong stays wrong; anything else gets two more chances. */
export function shouldRetry(failures: number, error: unknown): boolean {
  if (error instanceof ApiError && error.status < 500 && error.status !== 429) return false
  return failures < 2
}

export const queries = new QueryClient({
  defaultOptions: { queries: { staleTime: 10_000, retry: shouldRetry, refetchOnWindowFocus: true } },
})
