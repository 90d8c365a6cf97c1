import { createContext, type ReactNode, useCallback, useContext, useState } from 'react'

const Announce = createContext<(text: string) => void>(() => {})

/** useAnnounce returns a function that says a text to those who listen to the page. */
export function useAnnounce() {
  return useContext(Announce)
}

export function AnnouncerProvider({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState({ text: '', count: 0 })
  const say = useCallback((text: string) => setSaid((last) => ({ text, count: last.count + 1 })), [])
  return (
    <Announce value={say}>
      {children}
      <div className="pf-v6-screen-reader" role="status" aria-live="polite">
        <span key={said.count}>{said.text}</span>
      </div>
    </Announce>
  )
}
