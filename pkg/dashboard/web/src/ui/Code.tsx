import { memo, useEffect, useMemo, useRef } from 'react'
import { useNavigate } from 'react-router'
import './code.css'

/** Lines that the browser lays out together, so that a file of 50,000 lines opens at once. */
const chunkLines = 200

interface CodeProps {
  text: string
  label: string
  /** The line that is marked and scrolled to; 0 is none. */
  line?: number
  /** The address of a line; without it the numbers are no links. */
  href?: (line: number) => string
}

/** Code shows a text file, by default YAML, with line numbers. */
export const Code = memo(function Code({ text, label, line = 0, href }: CodeProps) {
  const box = useRef<HTMLPreElement>(null)
  const lines = useMemo(() => text.replace(/\n$/, '').split('\n'), [text])
  useEffect(() => {
    if (line > 0) box.current?.querySelector('[data-marked]')?.scrollIntoView({ block: 'center' })
  }, [line, text])
  const navigate = useNavigate()
  // One listener for all lines. Without it a link to another address of this page would load the page again.
  const follow = (e: React.MouseEvent) => {
    const link = e.target instanceof Element ? e.target.closest('a') : null
    if (!link || e.button !== 0 || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return
    e.preventDefault()
    void navigate(link.getAttribute('href') ?? '', { preventScrollReset: true, replace: true })
  }
  const chunks = Array.from({ length: Math.ceil(lines.length / chunkLines) }, (_, i) => i * chunkLines)
  return (
    <pre ref={box} className="code card" tabIndex={0} role="region" aria-label={label} onClick={follow}>
      {chunks.map((from) => (
        <span key={from} className="chunk">
          {lines.slice(from, from + chunkLines).map((content, i) => (
            <CodeLine key={from + i} number={from + i + 1} text={content} marked={from + i + 1 === line} href={href} />
          ))}
        </span>
      ))}
    </pre>
  )
})

interface CodeLineProps {
  number: number
  text: string
  marked: boolean
  href?: (line: number) => string
}

function CodeLine({ number, text, marked, href }: CodeLineProps) {
  return (
    <span className="code-line" data-marked={marked || undefined}>
      {href ? (
        <a href={href(number)} aria-label={`Line ${number}`} data-number={number} />
      ) : (
        <span className="number" data-number={number} />
      )}
      <span>{coloured(text)}</span>
      {'\n'}
    </span>
  )
}

/** coloured tells keys and comments of YAML apart; it does not parse. */
function coloured(text: string) {
  const comment = /^\s*#/.test(text)
  if (comment) return <span className="quiet">{text}</span>
  const key = /^(\s*(?:- )*)([^\s:#'"][^:#'"]*)(:(?:\s|$))/.exec(text)
  if (!key) return text
  const [whole, indent, name] = key
  return (
    <>
      {indent}
      <span className="key">{name}</span>:{text.slice((whole?.length ?? 0) - (key[3]?.length ?? 0) + 1)}
    </>
  )
}
