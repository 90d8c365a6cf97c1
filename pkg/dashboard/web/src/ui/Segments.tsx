interface SegmentsProps {
  label: string
  choices: { name: string; value: string | undefined }[]
  value: string | undefined
  onChange: (value: string | undefined) => void
}

/** Segments are a few choices side by side, one of which holds. */
export function Segments({ label, choices, value, onChange }: SegmentsProps) {
  return (
    <div className="segments" role="group" aria-label={label}>
      {choices.map((choice) => (
        <button key={choice.name} type="button" aria-pressed={value === choice.value} onClick={() => onChange(choice.value)}>
          {choice.name}
        </button>
      ))}
    </div>
  )
}
