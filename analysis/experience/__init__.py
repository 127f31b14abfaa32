"""The experience study: how often, how dear, how late, how credible; the models put together on one book.

A reader goes from door to door: `frames` (the ledgers, once) → `exposure` → `frequency` → `severity` → `development` → `credibility` → `yearly_cost`,
put together by `study`, in tables for readers by `tables`.
"""

from analysis.experience.study import ExperienceStudy, experience_study, study_experience, study_ledgers

__all__ = ["ExperienceStudy", "experience_study", "study_experience", "study_ledgers"]
