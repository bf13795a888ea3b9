"""Recipes that several tests start from."""

from __future__ import annotations

SEED = """\
name: beat-sync
version: "1.0"
description: "Synchronize video to audio beats"

inputs:
  video:
    type: video
    description: "Source video"
  audio:
    type: audio
    description: "Audio track"

steps:
  - id: analyze_audio
    type: ANALYZE
    inputs: [audio]
    config:
      features: [beats, energy]

  - id: sync_video
    type: BEAT_SYNC
    inputs: [video, analyze_audio]
    config:
      mode: stretch

output: sync_video
"""

SHORT = """\
name: short
inputs: {v: {type: video}}
steps:
  - {id: one, type: HUE, inputs: [v], config: {degrees: 20}}
output: one
"""
