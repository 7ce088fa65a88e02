"""Everything stays as it is but the journey stage: what is looked for, said and offered follows it."""

from itertools import combinations

import pytest

from assistant.conversation.journey import load_journey
from assistant.conversation.readings import Reading
from assistant.conversation.scorer import Scorer
from assistant.conversation.types import Action, Reply
from tests.support.briefs import PROMPTS, reading, thread
from tests.support.composing import (
    QUESTION,
    FixedEngine,
    FixedRetriever,
    a_composer,
    a_turn,
    reply_to,
    talk,
)

MODEL = load_journey(PROMPTS, "default")
STAGES = tuple(MODEL.stages)


def _in(stage: str, **fields: object) -> Reading:
    return reading(stage=stage, stages={stage: 0.9, "unknown": 0.1}, **fields)


async def _reply_in(stage: str, **fields: object) -> Reply:
    return await a_turn().reply_to(QUESTION, _in(stage, **fields), thread())


@pytest.mark.parametrize("stage", STAGES)
async def test_the_stage_says_which_tags_are_worth_more_in_the_search(stage: str) -> None:
    retriever = FixedRetriever()
    await a_turn(retriever=retriever).reply_to(QUESTION, _in(stage), thread())
    assert [query.stages for query in retriever.queries] == [{stage: 0.9}]


async def test_a_stage_of_another_model_prefers_the_tags_it_is_made_of() -> None:
    retriever = FixedRetriever()
    await a_turn(retriever=retriever, journey="aida").reply_to(QUESTION, _in("action"), thread())
    tags = ("purchase", "retention", "advocacy", "action")  # the last is how an admin names it here
    assert retriever.queries[0].stages == dict.fromkeys(tags, 0.9)


async def test_in_doubt_between_two_stages_the_tags_of_both_count_as_much_as_they_are_likely() -> None:
    retriever = FixedRetriever()
    torn = reading(stage="decision", stages={"decision": 0.5, "purchase": 0.3, "unknown": 0.2})
    await a_turn(retriever=retriever).reply_to(QUESTION, torn, thread())
    assert retriever.queries[0].stages == {"decision": 0.5, "purchase": 0.3}


async def test_in_an_unknown_stage_no_tag_is_preferred_and_nothing_is_offered() -> None:
    retriever = FixedRetriever()
    lost = reading(stage="unknown", stages={"unknown": 1.0})
    reply = await a_turn(retriever=retriever).reply_to(QUESTION, lost, thread())
    assert retriever.queries[0].stages == {}
    assert reply.text == "La Brenta costa 2.390 euro. [1] Può provarla per 30 giorni. [2]"
    assert reply.action is Action.ANSWER


@pytest.mark.parametrize("language", ["it", "en"])
async def test_two_stages_never_offer_the_same_next_step(language: str) -> None:
    replies = {stage: await _reply_in(stage, language=language) for stage in STAGES}
    facts = "La Brenta costa 2.390 euro. [1] Può provarla per 30 giorni. [2]"
    steps = {stage: reply.text.split("\n\n")[-1] for stage, reply in replies.items()}
    assert all(facts in reply.text for reply in replies.values())
    assert all(steps[one] != steps[other] for one, other in combinations(STAGES, 2))
    assert all(steps[stage] in MODEL.stages[stage].closing[language] for stage in STAGES)


async def test_the_stage_changes_nothing_of_what_is_claimed_and_cited() -> None:
    replies = [await _reply_in(stage) for stage in STAGES]
    assert len({reply.citations for reply in replies}) == 1
    assert len({reply.reliability for reply in replies}) == 1


async def test_the_engine_is_told_goal_taboo_and_length_of_the_stage() -> None:
    engine = FixedEngine()
    turn = a_turn(engine)
    for stage in STAGES:
        await turn.reply_to(QUESTION, _in(stage), thread())
    assert [brief.policy for brief in engine.briefs] == [MODEL.stages[stage] for stage in STAGES]
    told = [(brief.policy.goal, brief.policy.never) for brief in engine.briefs if brief.policy]
    assert len(set(told)) == len(STAGES)
    assert {brief.policy.detail for brief in engine.briefs if brief.policy} == {"short", "medium", "long"}


async def test_the_stage_is_on_record_for_operators() -> None:
    assert (await _reply_in("purchase")).trace["stage"] == "purchase"


async def test_a_customer_addressed_with_tu_is_offered_the_next_step_with_tu() -> None:
    policy = MODEL.policy("decision")
    formal = await reply_to(a_composer(), policy=policy)
    familiar = await reply_to(a_composer(formal=False), policy=policy)
    assert formal.text.endswith("La metto in contatto con i nostri consulenti.")
    assert familiar.text.endswith("ti metto in contatto con i nostri consulenti.")


async def test_nothing_is_offered_when_the_answer_is_not_quite_sure() -> None:
    evens = Scorer(intercept=0.0, weights={}, centres={}, scales={})
    reply = await reply_to(a_composer(scorer=evens), policy=MODEL.policy("decision"))
    assert reply.action is Action.ANSWER
    unsure, answer = reply.text.split("\n\n")
    assert unsure.startswith("Forse è questo")
    assert answer == "La Brenta costa 2.390 euro. [1] Può provarla per 30 giorni. [2]"


async def test_nothing_is_offered_when_the_stage_is_not_quite_sure() -> None:
    torn = reading(stage="decision", stages={"decision": 0.5, "purchase": 0.4, "unknown": 0.1})
    reply = await a_turn().reply_to(QUESTION, torn, thread())
    assert reply.text == "La Brenta costa 2.390 euro. [1] Può provarla per 30 giorni. [2]"


async def test_the_same_next_step_is_offered_once_in_a_conversation() -> None:
    policy = MODEL.policy("decision")
    first = await reply_to(policy=policy)
    later = await reply_to(policy=policy, before=thread(history=talk("Buongiorno", first.text)))
    assert "consulenti" in first.text
    assert "consulenti" not in later.text
