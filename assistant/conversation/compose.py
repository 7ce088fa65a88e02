"""From a reading and findings to a finished reply: decide, let an engine draft, check, frame.

The order of the checks is the policy: an attack is declined, a wish for a person is granted, small
talk is answered, and only then is a question a question. What no passage supports is not said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from assistant.conversation.confidence import is_hopeless, measure, unsourced_numbers
from assistant.conversation.curated import ENGINE, draft_of, trace_of_curated
from assistant.conversation.decision import Certainty, Thresholds, ThresholdsFor
from assistant.conversation.framing import Framing, cite, in_parts
from assistant.conversation.handoff import handoff_reason
from assistant.conversation.ports import ChatEngine, OnText
from assistant.conversation.readings import Reading
from assistant.conversation.scorer import Scorer
from assistant.conversation.sentiment import tone_for
from assistant.conversation.several import Asked, moved, together
from assistant.conversation.trace import trace_of
from assistant.conversation.types import (
    Action,
    Brief,
    CuratedAnswer,
    Draft,
    Findings,
    HandoffReason,
    Reply,
    Sentence,
    Stage,
    Thread,
    Tone,
)
from assistant.conversation.understand import is_attack
from core.errors import EngineUnavailable
from core.telemetry import get_log

log = get_log(__name__)

_OWN_WORDS = "phrases"


class Composer:
    """Makes the reply to one turn.

    Args:
        engine: drafts answers.
        fallback: drafts them when `engine` fails; never fails itself.
        scorer: rates them.
        framing: puts them into words.
        tones: how moods change answers.
        thresholds: from which reliability on what is done, by stage.
        company: its name, for engines.
        languages: languages of the site; the first is the fallback.
    """

    def __init__(
        self,
        *,
        engine: ChatEngine,
        fallback: ChatEngine,
        scorer: Scorer,
        framing: Framing,
        tones: Mapping[str, Tone],
        thresholds: ThresholdsFor,
        company: str,
        languages: tuple[str, ...],
    ) -> None:
        self._engine = engine
        self._fallback = fallback
        self._scorer = scorer
        self._framing = framing
        self._tones = tones
        self._thresholds = thresholds
        self._company = company
        self._languages = languages

    async def close(self) -> None:
        await self._engine.close()

    def reply_language(self, reading: Reading) -> str:
        """Return the customer's language if the site answers in it, else English or the site's first."""
        if reading.language in self._languages:
            return reading.language
        return "en" if "en" in self._languages else self._languages[0]

    def without_search(self, question: str, reading: Reading, thread: Thread) -> Reply | None:
        """Return the reply to a turn that needs no documents; None when it needs them."""
        language = self.reply_language(reading)
        if is_attack(reading):
            return self._own(Action.ABSTAIN, self._framing.declined(language), language, reading)
        talk = self._framing.small_talk(question, language, thread)
        reason = handoff_reason(question, reading, thread)
        if reason and not (talk and reason is HandoffReason.ASKED):  # who only greets asks for nobody
            text = self._framing.handoff(language, again=thread.handed_over)
            return self._own(Action.HANDOFF, text, language, reading, handoff=reason)
        return self._own(Action.ANSWER, talk, language, reading) if talk else None

    async def reply(
        self,
        question: str,
        reading: Reading,
        findings: Findings,
        thread: Thread,
        policy: Stage | None,
        on_text: OnText | None = None,
    ) -> Reply:
        """Return the reply to a question, from what was found for it."""
        features = measure(findings, reading.language)
        brief = self._brief(question, reading, findings, thread, policy, features)
        if findings.curated:
            return await self._written(findings.curated, brief, thread, on_text)
        limits = self._thresholds(policy)
        if is_hopeless(brief, limits.abstain_below):
            return self._unanswered(brief, thread, features, Draft(action=Action.ABSTAIN, engine="embedded"))
        draft = self._supported(await self._draft(brief, on_text), brief)
        if draft.action is Action.CLARIFY and len(draft.choices) != 1:
            text = self._framing.clarify(draft.choices, brief.language)
            return self._reply(brief, draft, Action.CLARIFY, text, (), features)
        if draft.action is not Action.ANSWER or not draft.sentences:
            return self._unanswered(brief, thread, features, draft)
        features = measure(findings, reading.language, draft.sentences)
        reliability = self._scorer.score(features)
        told = (*draft.sentences, *self._contradiction(draft, brief))
        if reliability < limits.abstain_below and not draft.framed:
            return self._unanswered(brief, thread, features, draft)
        body, used = cite(told)
        if draft.framed:
            return self._reply(brief, draft, Action.ANSWER, body, used, features)
        text = self._framing.frame(body, used, brief, thread, limits.certainty(reliability))
        await _tell(text, on_text)
        return self._reply(brief, draft, Action.ANSWER, text, used, features)

    async def _written(
        self, curated: CuratedAnswer, brief: Brief, thread: Thread, on_text: OnText | None
    ) -> Reply:
        """Return what a person wrote for this question, framed as every answer is."""
        draft = draft_of(curated)
        body, used = cite(draft.sentences)
        text = self._framing.frame(body, used, brief, thread, Certainty.SURE)
        await _tell(text, on_text)
        reply = self._reply(brief, draft, Action.ANSWER, text, used, {})
        decision = {**reply.trace["decision"], "band": curated.band.name}
        return replace(
            reply,
            reliability=curated.reliability,
            band=curated.band,
            curated=(curated.id,),
            trace={**reply.trace, "curated": [trace_of_curated(curated)], "decision": decision},
        )

    async def reply_to_several(
        self,
        asked: Sequence[tuple[Asked, Findings]],
        reading: Reading,
        thread: Thread,
        policy: Stage | None,
        on_text: OnText | None = None,
    ) -> Reply:
        """Return one reply to several questions of one message, each with what was found for it.

        The embedded engine answers them one by one, and says which it cannot answer; a language model
        is given everything at once, unless a person wrote one of the answers: that is told word for word.
        """
        whole = together([found for _, found in asked])
        question = "\n".join(own.text for own, _ in asked)
        if self._engine is not self._fallback and not any(found.curated for _, found in asked):
            return await self.reply(question, reading, whole, thread, policy, on_text)
        features = measure(whole, reading.language)
        brief = self._brief(question, reading, whole, thread, policy, features)
        limits = self._thresholds(policy)
        told: list[Sentence] = []
        missing: list[Sentence] = []
        unanswered: list[str] = []
        reliabilities: list[float] = []
        drafts: list[Draft] = []
        for place, (own, found) in enumerate(asked):
            earlier = tuple(one.text for one, _ in asked[:place])
            shown = measure(found, reading.language)
            part = self._brief(own.text, reading, found, thread, policy, shown)
            draft, reliability = await self._certain(replace(part, earlier=earlier, alone=False), limits)
            reliabilities.append(reliability)
            drafts.append(draft)
            known = {one.text for one in told}
            new = [one for one in moved(draft.sentences, found, whole) if one.text not in known]
            told += [replace(one, apart=not number) for number, one in enumerate(new)]
            if not draft.sentences:
                said = self._framing.part_unanswered(own.question, brief.language)
                missing.append(Sentence(text=said, apart=True))
                unanswered.append(own.question)
        if not told:
            reply = self._unanswered(brief, thread, features, drafts[0])
            return self._rated(reply, max(reliabilities, default=0.0))
        features = measure(whole, reading.language, told)
        least = min(own for own in reliabilities if own >= limits.abstain_below)
        draft = replace(_author(drafts), sentences=(*told, *missing))
        body, used = cite(draft.sentences)
        text = self._framing.frame(body, used, brief, thread, limits.certainty(least))
        await _tell(text, on_text)
        reply = self._rated(self._reply(brief, draft, Action.ANSWER, text, used, features), least)
        return _with_parts(reply, asked, unanswered)

    def _rated(self, reply: Reply, reliability: float) -> Reply:
        """Return a reply to several questions with the reliability of the least certain one."""
        band = self._scorer.band(reliability)
        decision = {**reply.trace["decision"], "band": band.name if band else None}
        trace = {**reply.trace, "several": True, "decision": decision}
        return replace(reply, reliability=reliability, band=band, trace=trace)

    async def _certain(self, brief: Brief, limits: Thresholds) -> tuple[Draft, float]:
        """Return what answers one question, without a sentence when too uncertain, and how sure that is."""
        if curated := brief.findings.curated:
            return draft_of(curated), curated.reliability
        nothing = Draft(action=Action.ABSTAIN, engine=self._engine.name)
        if is_hopeless(brief, limits.abstain_below):
            return nothing, brief.reliability if brief.findings.passages else 0.0
        draft = self._supported(await self._draft(brief, None), brief)
        if draft.framed:  # the reply as a whole is framed: one greeting is enough
            draft = replace(draft, sentences=tuple(own for own in draft.sentences if own.sources))
        reliability = self._scorer.score(measure(brief.findings, brief.reading.language, draft.sentences))
        if draft.action is not Action.ANSWER or not draft.sentences:
            return nothing, 0.0
        return (draft if reliability >= limits.abstain_below else nothing), reliability

    def _brief(
        self,
        question: str,
        reading: Reading,
        findings: Findings,
        thread: Thread,
        policy: Stage | None,
        features: Mapping[str, float],
    ) -> Brief:
        return Brief(
            question=question,
            history=thread.history,
            findings=findings,
            reading=reading,
            language=self.reply_language(reading),
            company=self._company,
            formal=self._framing.formal,
            policy=policy,
            tone=tone_for(reading, question, self._tones),
            reliability=self._scorer.score(features),
        )

    def _contradiction(self, draft: Draft, brief: Brief) -> tuple[Sentence, ...]:
        """Return what another document says to the contrary, if one does, with words that say so."""
        if draft.against is None or not _stands(draft.against, brief):
            return ()
        title = brief.findings.passages[draft.against.sources[0]].title
        lead = Sentence(text=self._framing.contradiction(title, brief.language), apart=True)
        return lead, draft.against

    async def _draft(self, brief: Brief, on_text: OnText | None) -> Draft:
        try:
            draft = await self._engine.compose(brief, on_text)
        except EngineUnavailable as problem:
            log.warning("engine_failed", engine=self._engine.name, problem=str(problem))
            return await self._fallback.compose(brief)
        if draft.action is Action.CLARIFY and brief.asked_back:
            return await self._fallback.compose(brief)
        return draft

    def _supported(self, draft: Draft, brief: Brief) -> Draft:
        """Drop sentences that a source is invented for or whose numbers no source holds.

        What then names no source at all is no answer.
        """
        kept = tuple(sentence for sentence in draft.sentences if _stands(sentence, brief))
        if len(kept) < len(draft.sentences):
            log.warning(
                "unsupported_dropped", engine=draft.engine, sentences=len(draft.sentences) - len(kept)
            )
        return replace(draft, sentences=kept if any(sentence.sources for sentence in kept) else ())

    def _unanswered(self, brief: Brief, thread: Thread, features: Mapping[str, float], draft: Draft) -> Reply:
        """Say honestly that nothing certain was found, and offer a person."""
        text = self._framing.abstain(brief, thread)
        return self._reply(brief, draft, Action.ABSTAIN, text, (), features)

    def _own(
        self, action: Action, text: str, language: str, reading: Reading, handoff: HandoffReason | None = None
    ) -> Reply:
        return Reply(
            text=text,
            action=action,
            citations=(),
            reliability=1.0,
            engine=_OWN_WORDS,
            prompt=None,
            language=language,
            trace={"stage": reading.stage, "tone": None, "passages": [], "handoff": handoff},
            handoff=handoff,
        )

    def _reply(
        self,
        brief: Brief,
        draft: Draft,
        action: Action,
        text: str,
        used: Sequence[tuple[int, Sentence]],
        features: Mapping[str, float],
    ) -> Reply:
        reliability = self._scorer.score(features)
        limits, band = self._thresholds(brief.policy), self._scorer.band(reliability)
        return Reply(
            text=text,
            action=action,
            citations=self._framing.citations(used, brief.findings.passages),
            reliability=reliability,
            engine=draft.engine,
            prompt=draft.prompt,
            language=brief.language,
            trace={
                **trace_of(brief, draft, features, action=action, limits=limits, band=band),
                "scorer": self._scorer.fingerprint,
            },
            band=band,
        )


def _author(drafts: Sequence[Draft]) -> Draft:
    """Return an empty draft by whoever wrote the first part that no person wrote, else by the person."""
    answers = sorted((one for one in drafts if one.sentences), key=lambda one: one.engine == ENGINE)
    return Draft(action=Action.ANSWER, engine=answers[0].engine, prompt=answers[0].prompt)


def _with_parts(reply: Reply, asked: Sequence[tuple[Asked, Findings]], unanswered: Sequence[str]) -> Reply:
    """Return a reply to several questions that says which had a curated answer, and which had none at all."""
    curated = [found.curated for _, found in asked if found.curated]
    parts = {"curated": [trace_of_curated(own) for own in curated], "unanswered": list(unanswered)}
    return replace(reply, curated=tuple(own.id for own in curated), trace={**reply.trace, **parts})


async def _tell(text: str, on_text: OnText | None) -> None:
    if on_text:
        for part in in_parts(text):
            await on_text(part)


def _stands(sentence: Sentence, brief: Brief) -> bool:
    passages = brief.findings.passages
    if not all(0 <= number < len(passages) for number in sentence.sources):
        return False
    return not unsourced_numbers(sentence.text, [passages[number] for number in sentence.sources])
