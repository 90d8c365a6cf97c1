import { useEffect, useRef, useState } from 'react'
import { useKeys } from './keys'

interface SearchFieldProps {
  label: string
  placeholder: string
  value: string | undefined
  /** Told as the reader pauses, and at once on Enter. */
  onChange: (value: string | undefined) => void
}

/** How long a reader pauses before what was typed applies, in ms. */
const pause = 300

/** SearchField is a text that narrows a page; "/" focuses it. */
export function SearchField({ label, placeholder, value = '', onChange }: SearchFieldProps) {
  const [text, setText] = useState(value)
  const [told, setTold] = useState(value)
  const field = useRef<HTMLInputElement>(null)
  const tell = (now: string) => {
    setTold(now)
    onChange(now || undefined)
  }
  const latest = useRef(tell)
  useEffect(() => {
    latest.current = tell
  })
  if (value !== told) {
    setTold(value) // the address changed otherwise, as by the back button
    setText(value)
  }
  useKeys(label, [{ key: '/', does: label.toLowerCase(), run: () => field.current?.focus() }])
  useEffect(() => {
    if (text.trim() === value) return
    const timer = setTimeout(() => latest.current(text.trim()), pause)
    return () => clearTimeout(timer)
  }, [text, value])
  return (
    <span className="field">
      <input
        ref={field}
        type="search"
        aria-label={label}
        placeholder={placeholder}
        value={text}
        maxLength={250}
        spellCheck={false}
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === 'Enter') tell(text.trim())
          if (e.key === 'Escape') field.current?.blur()
        }}
      />
    </span>
  )
}
