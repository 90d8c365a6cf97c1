import { useQuery } from '@tanstack/react-query'
import { asError } from '../api/errors'

/** What a preview reads of a text, in bytes. */
export const textBytes = 512 << 10

/** useText reads the start of a text file. */
export function useText(url: string) {
  return useQuery({
    queryKey: ['text', url],
    queryFn: async ({ signal }) => {
      const answer = await fetch(url, { signal, headers: { Range: `bytes=0-${textBytes - 1}` } })
      if (answer.status === 416) return { text: '', whole: true } // an empty file has no range
      if (!answer.ok) throw asError(answer.status, undefined)
      const text = await answer.text()
      const total = Number(/\/(\d+)$/.exec(answer.headers.get('Content-Range') ?? '')?.[1] ?? 0)
      return { text, whole: answer.status !== 206 || total <= textBytes }
    },
    staleTime: 60_000,
  })
}
