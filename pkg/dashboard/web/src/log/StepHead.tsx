import AngleDownIcon from '@patternfly/react-icons/dist/esm/icons/angle-down-icon'
import AngleRightIcon from '@patternfly/react-icons/dist/esm/icons/angle-right-icon'
import type { Step } from '../api/schema'
import { StateIcon } from '../ui/StateIcon'
import { wordOf } from '../ui/state'
import { Took } from '../ui/Took'
import { count } from './words'

interface StepHeadProps {
  step: Step
  total: number
  open: boolean
  onToggle: () => void
}

/** StepHead is the head of a step's section. */
export function StepHead({ step, total, open, onToggle }: StepHeadProps) {
  const over = step.state !== 'running' && step.state !== 'waiting'
  const began = step.state !== 'skipped' && step.state !== 'waiting'
  return (
    <h2 className="step-head" data-open={open || undefined}>
      <button type="button" aria-expanded={open} onClick={onToggle} data-step-head={`${step.task}/${step.step}`}>
        {open ? <AngleDownIcon aria-hidden="true" /> : <AngleRightIcon aria-hidden="true" />}
        <StateIcon state={step.state} />
        <span className="name cut">
          {step.task} <span className="quiet">/</span> {step.step}
        </span>
        {step.kind !== 'step' && <span className="tag">{step.kind === 'init' ? 'init container' : 'sidecar'}</span>}
        <span className="why cut">{why(step)}</span>
        {total > 0 && <span className="quiet num wide-only lines">{count(total, 'line')}</span>}
        <span className="took">{began ? <Took from={step.started} to={over ? (step.ended ?? step.started) : undefined} /> : <span className="quiet">{wordOf(step.state)}</span>}</span>
      </button>
    </h2>
  )
}

/** why says what went wrong, in the cluster's words. */
function why(step: Step): string {
  if (step.state === 'success' || step.state === 'running') return ''
  const code = step.exitCode ? `exit ${step.exitCode}` : ''
  const reason = step.reason && !['Error', 'Completed'].includes(step.reason) ? step.reason : ''
  return [code, reason, step.message].filter(Boolean).join(' · ')
}
