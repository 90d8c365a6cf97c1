import createClient from 'openapi-fetch'
import { asError } from './errors'
import type { paths } from './schema'

/** Where the API is, below the page's origin. */
export const base = '/api/v1'

/** api calls the operations of openapi.json with their types. */
export const api = createClient<paths>({ baseUrl: base })

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** must waits for an answer and returns its data; anything but success is thrown as an ApiError. */
export async function must<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer
  if (!response.ok) throw asError(response.status, error)
  return data as T
}

/** runURL is the address of something below a run, for links, images and event streams. */
export function runURL(name: string, below: string, query?: Record<string, string | number>): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query ?? {})) params.set(key, String(value))
  const text = params.toString()
  return `${base}/runs/${encodeURIComponent(name)}/${below}${text ? `?${text}` : ''}`
}
