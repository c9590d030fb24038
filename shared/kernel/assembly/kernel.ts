// Everything the binary exports. A kernel works on the memory its arguments point at, and keeps nothing.
export { splitInt16, widenInt16, splitFloat32, weaveFloat32 } from './planes'
export { energies, energiesTwice } from './filters'
export { peaks } from './peaks'
export { mixSteady, mixLine, mixFaded, gainSteps } from './gains'
export { extremes } from './extremes'
export { spectra, frames } from './fourier'
export { absenceOdds, sweep, amplitudes } from './suppression'
export {
  powers,
  boxMeans,
  lowest,
  addWeighted,
  standingOut,
  gather,
  ratios,
  logSums,
  exceeding,
} from './cells'
export { decimate } from './decimate'
export { subtractTones } from './tones'
export { logDensities } from './densities'
export { sortColumns } from './sorting'
