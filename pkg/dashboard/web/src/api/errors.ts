/** ApiError is an answer of the server that is no success. Its message is for readers. */
export class ApiError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'ApiError'
    this.status = status
  }
}

/** The part of a problem document (RFC 9457) that the pages use. */
interface ProblemDocument {
  title?: string
  detail?: string
  errors?: { message?: string; location?: string }[] | null
}

/** asError makes an error of an answer's status and body. */
export function asError(status: number, body: unknown): ApiError {
  if (typeof body !== 'object' || body === null) return new ApiError(status, wordsOf(status))
  const { title, detail, errors } = body as ProblemDocument
  const more = (errors ?? []).map((e) => [e.location, e.message].filter(Boolean).join(': ')).filter(Boolean)
  return new ApiError(status, [detail || title || wordsOf(status), ...more].join('; '))
}

function wordsOf(status: number): string {
  switch (status) {
    case 401:
      return 'This needs a login.'
    case 403:
      return 'This account may not do that.'
    case 404:
      return 'There is nothing here, or it is private.'
    case 429:
    case 503:
      return 'The server is busy; it goes on in a moment.'
    default:
      return `The server answered with status ${status}.`
  }
}
