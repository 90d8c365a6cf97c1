import { Button } from '@patternfly/react-core'
import TimesIcon from '@patternfly/react-icons/dist/esm/icons/times-icon'
import { useEffect, useRef } from 'react'
import { plain } from './ansi'
import type { Found, Match } from './search'
import { count, size } from './words'

interface ResultsProps {
  found: Found
  onSelect: (index: number) => void
  onMore: () => void
  onRetry: () => void
  onClose: () => void
}

/** Results lists what a search found. */
export function Results({ found, onSelect, onMore, onRetry, onClose }: ResultsProps) {
  const list = useRef<HTMLOListElement>(null)
  const { matches, current, busy, whole, error } = found
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' })
  }, [current])
  return (
    <aside className="log-results" aria-label="Matches">
      <div className="row">
        <h2>{title(found)}</h2>
        <span className="quiet num">{found.scanned > 0 && `${size(found.scanned)} searched`}</span>
        <Button variant="plain" size="sm" aria-label="Close the list of matches" icon={<TimesIcon />} onClick={onClose} />
      </div>
      {error && (
        <p role="alert" className="failed">
          {error}{' '}
          <Button variant="link" isInline onClick={matches.length > 0 ? onMore : onRetry}>
            Try again
          </Button>
        </p>
      )}
      <ol ref={list}>
        {matches.map((match, i) => (
          <li key={`${match.step}:${match.number}`}>
            {matches[i - 1]?.step !== match.step && <h3 className="cut">{match.step}</h3>}
            <Result match={match} current={i === current} onSelect={() => onSelect(i)} />
          </li>
        ))}
      </ol>
      {!whole && !error && !busy && (
        <Button variant="link" size="sm" onClick={onMore}>
          Search on
        </Button>
      )}
    </aside>
  )
}

function title({ matches, busy, whole }: Found): string {
  if (busy && matches.length === 0) return 'Searching…'
  return `${count(matches.length, 'match')}${whole ? '' : busy ? ', searching…' : ' so far'}`
}

function Result({ match, current, onSelect }: { match: Match; current: boolean; onSelect: () => void }) {
  return (
    <button type="button" aria-current={current || undefined} onClick={onSelect}>
      <span className="quiet num">{match.number}</span>
      <code className="cut">{plain(match.text).trim().slice(0, 300)}</code>
    </button>
  )
}
