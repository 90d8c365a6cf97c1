import { useEffect, useRef, useState } from 'react'

/** How a stream is doing: connecting at first, waiting after a fault, ended for good. */
export type StreamState = 'connecting' | 'open' | 'waiting' | 'ended'

type Handlers = Record<string, (data: unknown, id: string) => void>

const firstWait = 1_000
const longestWait = 30_000

/** waitAfter is how many ms to wait after so many failures in a row: 1 s, 2 s, 4 s … 30 s. */
export function waitAfter(failures: number): number {
  return Math.min(firstWait * 2 ** Math.max(failures - 1, 0), longestWait)
}

/** Browsers allow few connections to a host, so a page that nobody sees gives its own back after this many ms. */
const hiddenPause = 20_000

/**
 * openEvents reads server-sent events until the returned function is called. The browser reconnects by itself after a
 * broken connection, and goes on behind the last event; after an answer that is no stream (a busy server) this does, with
 * growing pauses, and so it does when a hidden page is shown again. An "end" event ends it.
 */
export function openEvents(url: string, handlers: Handlers, onState: (state: StreamState) => void): () => void {
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let lastID = ''
  const close = () => {
    clearTimeout(timer)
    source?.close()
    source = undefined
  }
  const stop = () => {
    close()
    document.removeEventListener('visibilitychange', look)
  }
  const pause = () => {
    close()
    onState('waiting')
  }
  const look = () => {
    clearTimeout(timer)
    if (document.hidden) timer = setTimeout(pause, hiddenPause)
    else if (!source) connect()
  }
  const failed = () => {
    onState('waiting')
    if (source?.readyState !== EventSource.CLOSED) return
    close()
    timer = setTimeout(connect, waitAfter(++failures))
  }
  const connect = () => {
    source = new EventSource(behind(url, lastID))
    source.onopen = () => {
      failures = 0
      onState('open')
    }
    source.onerror = failed
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => {
        lastID = event.lastEventId || lastID
        handle(JSON.parse(event.data as string), event.lastEventId)
      })
    }
    source.addEventListener('end', () => {
      stop()
      onState('ended')
    })
  }
  connect()
  look()
  document.addEventListener('visibilitychange', look)
  return stop
}

/** behind is the address that goes on behind an event; a new EventSource cannot send Last-Event-ID. */
function behind(url: string, id: string): string {
  return id ? `${url}${url.includes('?') ? '&' : '?'}after=${encodeURIComponent(id)}` : url
}

/** useEvents follows a stream while the component is shown; without an address it rests. */
export function useEvents(url: string | undefined, handlers: Handlers): StreamState {
  const [state, setState] = useState<StreamState>('connecting')
  const latest = useRef(handlers)
  useEffect(() => {
    latest.current = handlers
  })
  const names = Object.keys(handlers).join(' ')
  useEffect(() => {
    if (!url) return
    setState('connecting')
    const relay: Handlers = {}
    for (const name of names.split(' ')) relay[name] = (data, id) => latest.current[name]?.(data, id)
    return openEvents(url, relay, setState)
  }, [url, names])
  return state
}
