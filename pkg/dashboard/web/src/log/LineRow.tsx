import AngleDownIcon from '@patternfly/react-icons/dist/esm/icons/angle-down-icon'
import AngleRightIcon from '@patternfly/react-icons/dist/esm/icons/angle-right-icon'
import { memo } from 'react'
import type { StepLine } from '../api/schema'
import { spans } from './ansi'
import { markerOf } from './groups'
import { mark } from './highlight'
import { hashOf } from './place'

interface LineRowProps {
  step: string
  number: number
  line: StepLine | undefined
  stamp: string
  /** The line begins a group that is folded or not. */
  group?: 'folded' | 'open'
  inside: boolean
  selected: boolean
  /** It is the match that the search shows. */
  current: boolean
  pattern: RegExp | undefined
}

/** LineRow is one line. Clicks are the viewer's, which reads the data attributes. */
export const LineRow = memo(function LineRow(props: LineRowProps) {
  const { step, number, line, stamp, group, inside, selected, current } = props
  return (
    <div className="line" data-selected={selected || undefined} data-current={current || undefined} data-inside={inside || undefined}>
      <a href={hashOf({ step, first: number, last: number })} tabIndex={-1} aria-label={`Line ${number}`} data-step={step} data-number={number} />
      {stamp && <span className="stamp">{stamp}</span>}
      {group && line ? (
        <button type="button" className="group" aria-expanded={group === 'open'} data-group={number} data-step={step}>
          {group === 'open' ? <AngleDownIcon aria-hidden="true" /> : <AngleRightIcon aria-hidden="true" />}
          <Title text={line.text} />
        </button>
      ) : line ? (
        <Text text={line.text} pattern={props.pattern} />
      ) : (
        <span className="absent" />
      )}
    </div>
  )
})

function Title({ text }: { text: string }) {
  const marker = markerOf(text)
  return <>{typeof marker === 'object' ? marker.title : text}</>
}

function Text({ text, pattern }: { text: string; pattern: RegExp | undefined }) {
  return (
    <span className="text">
      {mark(spans(text), pattern).map((piece, i) => {
        const style = piece.color || piece.background ? ({ '--fg': piece.color, '--bg': piece.background } as React.CSSProperties) : undefined
        if (piece.hit) return <mark key={i}>{piece.text}</mark>
        return piece.className || style ? (
          <span key={i} className={piece.className} style={style}>
            {piece.text}
          </span>
        ) : (
          piece.text
        )
      })}
    </span>
  )
}
