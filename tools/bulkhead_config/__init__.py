# SPDX-License-Identifier: BSD-2-Clause
"""Configuration compiler: board and system files in YAML to binary configurations, revision 14."""
